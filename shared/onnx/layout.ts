import { carryOutputs } from './carry-outputs';
import type { Graph } from './ir';
import { type Names, nameValues } from './names';
import { type Placement, placeValues } from './place-values';
import { separateBodies } from './separate-bodies';

/** A graph as a file has it: which node stands where, in which order, under which name. */
export interface Layout {
  readonly placement: Placement;
  readonly names: Names;
}

/** Lays a graph out for writing. `InvalidGraphError` where a value is out of scope or a name is given twice. */
export function layOut(graph: Graph): Layout {
  const placement = placeValues(carryOutputs(separateBodies(graph)));
  return { placement, names: nameValues(placement) };
}
