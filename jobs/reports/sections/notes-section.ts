import { html } from '../markup';
import type { Section } from '../page';

/** What else the reader should know, each in a sentence. */
export const notesSection = (notes: readonly string[]): Section | undefined =>
  notes.length === 0
    ? undefined
    : { title: 'Notes', body: html`<ol>${notes.map((note) => html`<li>${note}</li>`)}</ol>` };
