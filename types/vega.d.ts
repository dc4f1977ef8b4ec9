// what vega exports and its typings do not tell of
declare module 'vega' {
  /** How wide a text of an item is, in pixels; may be replaced, as vl-convert does. */
  export const textMetrics: {
    width(item: { fontSize?: number; limit?: number }, text: unknown): number;
  };
}
