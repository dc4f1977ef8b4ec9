/** Text that is HTML already. Everything else is escaped on its way into a page. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** What a template takes: text is escaped, a list is put one after the other, and nothing leaves nothing. */
export type Content = string | number | Markup | undefined | readonly Content[];

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

const isList = (content: Content): content is readonly Content[] => Array.isArray(content);

function written(content: Content): string {
  if (content === undefined) return '';
  if (content instanceof Markup) return content.text;
  if (isList(content)) return content.map(written).join('');
  return String(content).replaceAll(/[&<>"']/g, (character) => entities[character] ?? '');
}

/** HTML of which only the template itself is trusted: names of columns and classes come from data that anybody wrote. */
export const html = (parts: TemplateStringsArray, ...contents: readonly Content[]): Markup =>
  new Markup(parts.map((part, index) => part + written(contents[index])).join(''));
