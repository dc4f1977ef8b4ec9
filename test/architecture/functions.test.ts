import { parseSync } from '@swc/core';
import { productFiles, read } from './tree';

const functionTypes = new Set<unknown>([
  'FunctionDeclaration',
  'FunctionExpression',
  'ArrowFunctionExpression',
  'ClassMethod',
  'PrivateMethod',
  'MethodProperty',
  'Constructor',
]);
const blockTypes = new Set<unknown>([
  'IfStatement',
  'ForStatement',
  'ForOfStatement',
  'ForInStatement',
  'WhileStatement',
  'DoWhileStatement',
  'SwitchStatement',
  'TryStatement',
]);

interface Node {
  type?: unknown;
  span?: { start: number; end: number };
}

/** Where a function begins and ends in its file, in lines from 1, and how deep its own blocks nest. */
interface Extent {
  first: number;
  last: number;
  depth: number;
}

interface File {
  path: string;
  lines: readonly string[];
  functions: readonly Extent[];
}

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null;

/** A node's parts, each with how much deeper it lies; `else if` continues its `if` instead of nesting in it. */
const partsOf = (node: Node): { part: Node; deeper: number }[] =>
  Object.entries(node).flatMap(([member, value]: [string, unknown]) => {
    const parts = member === 'span' ? [] : (Array.isArray(value) ? value : [value]).filter(isNode);
    const isElseIf = (part: Node) => member === 'alternate' && part.type === 'IfStatement';
    return parts.map((part) => ({ part, deeper: blockTypes.has(part.type) && !isElseIf(part) ? 1 : 0 }));
  });

function extentsIn(root: Node, lineAt: (position: number) => number): Extent[] {
  const found: Extent[] = [];
  const visit = (node: Node, depth: number, owner?: Extent): void => {
    if (owner !== undefined) owner.depth = Math.max(owner.depth, depth);
    const { start, end } = node.span ?? { start: 0, end: 0 };
    const own = functionTypes.has(node.type)
      ? { first: lineAt(start), last: lineAt(end), depth: 0 }
      : undefined;
    if (own !== undefined) found.push(own);
    for (const { part, deeper } of partsOf(node))
      visit(part, own === undefined ? depth + deeper : 0, own ?? owner);
  };
  visit(root, 0);
  return found;
}

function parsed(path: string): File {
  const text = Buffer.from(read(path));
  // swc numbers the bytes of all that it ever parsed in one row: an empty file tells where the next one begins
  const offset = parseSync('', { syntax: 'typescript' }).span.end;
  const program = parseSync(text.toString(), { syntax: 'typescript', target: 'es2022' });
  const lineAt = (position: number) => text.toString('utf8', 0, position - offset).split('\n').length;
  return { path, lines: text.toString().split('\n'), functions: extentsIn(program, lineAt) };
}

/** Lines of code that are the function's own: without blank ones, comments, and the inside of functions in it. */
function ownLines({ lines, functions }: File, of: Extent): number {
  const inside = functions.filter((each) => each !== of && each.first >= of.first && each.last <= of.last);
  const isOwn = (line: number) => !inside.some(({ first, last }) => line > first && line <= last);
  const isCode = (line: number) => !/^\s*(\/\/|\/?\*|$)/.test(lines[line - 1] ?? '');
  const all = Array.from({ length: of.last - of.first + 1 }, (_, at) => of.first + at);
  return all.filter((line) => isOwn(line) && isCode(line)).length;
}

const measured = productFiles.map(parsed).flatMap((file) =>
  file.functions.map((each) => ({
    place: `${file.path}:${each.first}`,
    lines: ownLines(file, each),
    depth: each.depth,
  })),
);

describe('a function', () => {
  it('has at most 50 lines of its own', () => {
    const long = measured.filter(({ lines }) => lines > 50);

    expect(measured.length).toBeGreaterThan(1_000);
    expect(long).toEqual([]);
  });

  it('nests its blocks at most three deep', () => {
    const deep = measured.filter(({ depth }) => depth > 3);

    expect(Math.max(...measured.map(({ depth }) => depth))).toBeGreaterThan(1);
    expect(deep).toEqual([]);
  });
});
