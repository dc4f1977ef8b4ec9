/** DynamoDB's HTTP API on LevelDB; the package brings no types of its own. */
declare module 'dynalite' {
  import type { Server } from 'node:http';

  interface DynaliteOptions {
    /** Folder of the LevelDB files; in memory without it. */
    path?: string;
    createTableMs?: number;
  }

  /** Its `close` also closes the LevelDB files. */
  function dynalite(options?: DynaliteOptions): Server;
  export = dynalite;
}
