// A test reporter: flat TAP 13, one line for each case, named with the cases it stands in. A case that holds others gets a
// line of its own only if it failed by itself.

const SUMMARY = /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) [\d.]+$/; // node's own totals

const oneLine = (text) => String(text).replace(/\s+/g, ' ').replace(/#/g, '\\#');

function explain(error) {
  const cause = error?.cause ?? error;
  return String(cause?.stack ?? cause?.message ?? cause).split('\n').map((line) => `# ${line}`).join('\n');
}

export default async function* tap(source) {
  const path = []; // names of the cases that are open, outermost first
  const inner = []; // inner[depth]: cases reported below the open one of that depth
  let count = 0;
  yield 'TAP version 13\n';
  for await (const { type, data } of source) {
    if (type === 'test:start') {
      path[data.nesting] = data.name;
      inner[data.nesting] = 0;
    } else if (type === 'test:diagnostic' && !SUMMARY.test(data.message)) {
      yield `# ${oneLine(data.message)}\n`;
    } else if (type === 'test:pass' || type === 'test:fail') {
      const n = data.nesting;
      const byOthers = data.details?.error?.failureType === 'subtestsFailed';
      path[n] = data.name;
      path.length = n + 1;
      const holdsOthers = (inner[n] ?? 0) > 0;
      inner[n] = 0;
      for (let i = 0; i < n; i += 1) {
        inner[i] = (inner[i] ?? 0) + 1;
      }
      if (holdsOthers && (type === 'test:pass' || byOthers)) {
        continue;
      }
      count += 1;
      const skip = data.skip === undefined ? '' : ` # SKIP ${data.skip === true ? 'no reason given' : data.skip}`;
      yield `${type === 'test:fail' ? 'not ' : ''}ok ${count} - ${path.map(oneLine).join(': ')}${skip}\n`;
      if (type === 'test:fail') {
        yield `${explain(data.details.error)}\n`;
      }
    } else if (type === 'test:stderr' || type === 'test:stdout') {
      yield `${data.message.trimEnd().split('\n').map((line) => `# ${line}`).join('\n')}\n`;
    }
  }
  yield `1..${count}\n`;
}
