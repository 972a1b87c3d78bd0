// What a person reads: one line for each thing that takes time, and one sentence for what went wrong.

const isTerminal = Boolean(process.stdout.isTTY);

/** An error whose message is for the person: what is wrong, and what to do about it. */
export class Fault extends Error {}

export function say(text = '') {
  process.stdout.write(`${text}\n`);
}

/** Runs work() and says what it is; the seconds are told when it took more than one. */
export async function step(what, work) {
  const start = Date.now();
  const seconds = () => Math.round((Date.now() - start) / 1000);
  let shown = false;
  const timer = setInterval(() => {
    if (isTerminal) {
      process.stdout.write(`\r\x1b[K${what} ... ${seconds()} s`);
      shown = true;
    } else if (!shown || seconds() % 15 === 0) {
      say(`${what} ...`);
      shown = true;
    }
  }, 1000);
  try {
    return await work();
  } finally {
    clearInterval(timer);
    if (shown) {
      say(`${isTerminal ? '\r\x1b[K' : ''}${what}: done in ${seconds()} s`);
    }
  }
}

/** The sentence for an error of the system or of a program, as far as we know it. */
export function sentence(error) {
  if (error instanceof Fault) {
    return error.message;
  }
  if (error.code === 'ENOSPC' || error.code === 'EDQUOT') {
    return 'The disk is full: free some space (build/local may be deleted; test money only), then start again.';
  }
  if (error.code === 'EACCES' || error.code === 'EROFS') {
    return `${error.path} cannot be written: is the source tree yours?`;
  }
  return `${(error.shortMessage ?? error.message).replace(/\x1b\[\d*m/g, '')}${process.env.DEBUG ? `\n${error.stack}` : ''}`;
}
