/* Serves a built page the way the daemon does: files of manifest.json with its headers, on a free port of 127.0.0.1. For tests. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';

export function readPage(folder) {
  const { headers, files } = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'));
  return { headers, files: new Map(files.map((f) => [f.path, { type: f.type, bytes: readFileSync(join(folder, f.file)) }])) };
}

export function serveFile(page, request, response) {
  const file = page.files.get(new URL(request.url, 'http://x').pathname);
  response.writeHead(file ? 200 : 404, { ...page.headers, 'Content-Type': file?.type ?? 'text/plain' });
  response.end(file?.bytes ?? 'not found');
}

export async function startServer(folder) {
  const page = readPage(folder);
  const server = createServer((request, response) => serveFile(page, request, response));
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return { origin: `http://passmesh.localhost:${server.address().port}`, close: () => server.close() };
}
