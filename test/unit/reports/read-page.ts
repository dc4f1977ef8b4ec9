/** A tag with attributes in double quotes, as the pages write them. */
const tag = /<(\/?)([a-zA-Z][\w-]*)((?:\s+[\w:-]+(?:="[^"<>]*")?)*)\s*(\/?)>/g;

const withoutEnd = new Set(['meta', 'br', 'hr']);

/** Everything that the reports are made of; a script, a link or an image is none of it. */
const allowed = new Set(
  `html head meta title style body header main footer nav section h1 h2 p dl div dt dd ol li a figure table
   caption thead tbody tr th td svg desc g path line text rect`.split(/\s+/),
);

/** What a browser would make of a page, told strictly: every '<' begins a tag that is known and ends where it should. */
export function readPage(page: string) {
  const body = page.replace(/^<!doctype html>\n/, '').replace(/<style>[^<]*<\/style>/, '');
  const open: string[] = [];
  const faults: string[] = [];
  let tags = 0;
  for (const [whole, slash, name = '', attributes = '', selfClosed] of body.matchAll(tag)) {
    tags++;
    if (!allowed.has(name)) faults.push(`unknown ${whole}`);
    const names = attributes.replaceAll(/"[^"]*"/g, '');
    if (/\s(on\w+|style|src)=/.test(names)) faults.push(`attribute in ${whole}`);
    if (/\shref="(?!#section-\d+")/.test(attributes)) faults.push(`link in ${whole}`);
    if (slash === '/') {
      if (open.pop() !== name) faults.push(`unexpected ${whole}`);
    } else if (selfClosed !== '/' && !withoutEnd.has(name)) open.push(name);
  }
  const all = (name: string): string[] =>
    [...body.matchAll(new RegExp(`<${name}(?: [^>]*)?>([\\s\\S]*?)</${name}>`, 'g'))].map(
      ([, text = '']) => text,
    );
  return {
    faults,
    /** Angle brackets that are no tag's. */
    stray: body.split('<').length - 1 - tags,
    leftOpen: open,
    headings: all('h2'),
    sections: all('section'),
    charts: all('svg'),
    bodyText: body,
  };
}
