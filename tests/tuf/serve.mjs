// A static server with a hand on each answer: attack(path, body, response) may change the body, answer itself (return null), or leave it.
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { join, normalize } from 'node:path';

export async function serve(root) {
  const state = { attack: null, noRanges: false, log: [], bytes: 0 };
  const server = createServer(async (request, response) => {
    const path = decodeURIComponent(new URL(request.url, 'http://x').pathname).replace(/^\/+/, '');
    state.log.push(path);
    let body = null;
    try {
      if (!normalize(path).startsWith('..')) body = await readFile(join(root, path));
    } catch { /* 404 */ }
    if (state.attack) {
      body = await state.attack(path, body, response);
      if (body === undefined) return;
    }
    response.statusCode = body === null ? 404 : 200;
    const range = /^bytes=(\d+)-$/.exec(request.headers.range ?? '');
    if (body !== null && range && !state.noRanges) {
      response.statusCode = 206;
      response.setHeader('content-range', `bytes ${range[1]}-${body.length - 1}/${body.length}`);
      body = body.subarray(Number(range[1]));
    }
    state.bytes += body?.length ?? 0;
    response.end(body ?? 'no');
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  const url = `http://127.0.0.1:${server.address().port}`;
  return { state, url, close: () => { server.closeAllConnections(); server.close(); } };
}
