// A port of 127.0.0.1 that nobody holds now.
import { createServer } from 'node:net';

export const freePort = () => new Promise((done) => {
  const probe = createServer();
  probe.listen(0, '127.0.0.1', () => {
    const { port } = probe.address();
    probe.close(() => done(port));
  });
});
