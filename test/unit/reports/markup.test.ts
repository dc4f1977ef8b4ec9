import fc from 'fast-check';
import { html } from '../../../jobs/reports/markup';

describe('a template of a page', () => {
  it('escapes what is put into it, and nothing of its own', () => {
    const cell = html`<td title="${`"><script>`}">${`a & b's <i>`}</td>`;

    expect(cell.text).toBe('<td title="&quot;&gt;&lt;script&gt;">a &amp; b&#39;s &lt;i&gt;</td>');
  });

  it('takes markup as it is, lists one after the other, and nothing for what is not there', () => {
    const cells = [1, 2].map((value) => html`<td>${value}</td>`);

    const row = html`<tr>${cells}${undefined}</tr>`;

    expect(row.text).toBe('<tr><td>1</td><td>2</td></tr>');
  });

  it('leaves no character of any text that could end a text or an attribute', () => {
    const law = fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(html`${text}`.text).not.toMatch(/[<>"']/);
    });

    fc.assert(law);
  });
});
