const light = `
  --paper: #ffffff; --ink: #1b1f24; --quiet: #59636e; --line: #d1d9e0; --grid: #e6eaee; --wash: #f6f8fa;
  --heat: #0b4f8a; --on-heat: #ffffff; --faint: #a9b4bf;
  --series-1: #0b5cad; --series-2: #c2410c; --series-3: #00796b; --series-4: #8e24aa;
  --series-5: #b58900; --series-6: #ad1457; --series-7: #455a64; --series-8: #558b2f;`;

const dark = `
  --paper: #14181d; --ink: #e6edf3; --quiet: #9aa5b1; --line: #3a444f; --grid: #262d35; --wash: #1c2229;
  --heat: #79b8ff; --on-heat: #0b1520; --faint: #56616d;
  --series-1: #6cb2ff; --series-2: #ff9c6b; --series-3: #4ecdb8; --series-4: #d39bf0;
  --series-5: #e3c15a; --series-6: #f48fb1; --series-7: #a9bcc8; --series-8: #a5d67a;`;

/** Of every report: the fonts of the reader's machine, light or dark as it prefers, and paper as it should be. */
export const stylesheet = `
:root { color-scheme: light dark; ${light} }
@media (prefers-color-scheme: dark) { :root { ${dark} } }
@media print { :root { color-scheme: light; ${light} } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1.5rem 3rem; max-width: 68rem; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, "Helvetica Neue", Arial, sans-serif; }
.kind { margin: 0; color: var(--quiet); font-size: .8rem; letter-spacing: .08em; text-transform: uppercase; }
h1 { margin: .1rem 0 1rem; font-size: 1.7rem; line-height: 1.2; overflow-wrap: anywhere; }
h2 { margin: 0 0 .4rem; font-size: 1.15rem; line-height: 1.3; overflow-wrap: anywhere; }
p { margin: 0 0 .8rem; max-width: 46rem; }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); gap: 0 1.5rem; margin: 0 0 1rem;
  border-top: 2px solid var(--ink); }
dl div { padding: .35rem 0; border-bottom: 1px solid var(--line); min-width: 0; }
dt { color: var(--quiet); font-size: .75rem; }
dd { margin: 0; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
nav ol { display: flex; flex-wrap: wrap; gap: .1rem 1.2rem; margin: 0; padding: 0; list-style: none; font-size: .85rem; }
main ol { margin: 0; padding-left: 1.4rem; max-width: 46rem; }
.verdict { font-size: 1.15rem; font-weight: 600; }
a { color: var(--series-1); }
section { margin-top: 2.2rem; padding-top: 1rem; border-top: 1px solid var(--line); }
.pair { display: grid; grid-template-columns: minmax(0, 34rem) minmax(15rem, 1fr); gap: 1.5rem; align-items: start; }
figure { margin: 0; overflow-x: auto; }
.stacked figure { margin-bottom: 1rem; }
figure svg { display: block; max-width: 100%; min-width: 20rem; height: auto; }
.numbers { overflow: auto; max-height: 40rem; font-size: .8rem; border: 1px solid var(--line); border-radius: 4px; }
.numbers:focus-visible, a:focus-visible { outline: 2px solid var(--series-1); outline-offset: 2px; }
.pair .numbers { max-height: 24rem; }
.pair th.text { overflow-wrap: anywhere; min-width: 6rem; }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
caption { padding: .4rem .6rem; text-align: left; color: var(--quiet); }
th, td { padding: .2rem .6rem; border-top: 1px solid var(--grid); text-align: left; vertical-align: top;
  overflow-wrap: break-word; max-width: 24rem; font-weight: normal; }
thead th { position: sticky; top: 0; background: var(--wash); border-bottom: 1px solid var(--line); font-weight: 600; }
.number { text-align: right; white-space: nowrap; }
.note { margin: 0; padding: .4rem .6rem; color: var(--quiet); border-top: 1px solid var(--grid); }
footer { margin-top: 2.5rem; padding-top: .8rem; border-top: 2px solid var(--ink); color: var(--quiet); font-size: .8rem; }
@media (max-width: 52rem) { .pair { grid-template-columns: minmax(0, 1fr); } }
@media print {
  @page { size: A4; margin: 16mm 14mm; }
  body { padding: 0; max-width: none; font-size: 10pt; }
  nav { display: none; }
  section { margin-top: 1.2rem; }
  section, h2, figure, tr, dl div { break-inside: avoid; }
  .pair { grid-template-columns: minmax(0, 3fr) minmax(0, 2fr); gap: .8rem; }
  .numbers, .pair .numbers { max-height: none; overflow: visible; border: 0; font-size: 7.5pt; }
  th, td { padding: .05rem .3rem; }
  thead th { position: static; }
  figure { overflow: visible; }
  figure svg { min-width: 0; }
}
`;
