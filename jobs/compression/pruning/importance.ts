/** How much each channel of a group matters, by the group's name: more is more, and only the order within a group counts. */
export type Importance = ReadonlyMap<string, Float64Array>;
