// Made from src/cellwright/server/wire.py; do not edit. To make it again:
//   python -m cellwright.server.typescript labextension/src/api/schema.ts

/**
 * The server extension answers, and which version it is.
 */
export interface IHealth {
  readonly version: string;
}

/**
 * Why a request was not answered; `hint` says how to mend it, where that is known.
 */
export interface IFailure {
  readonly message: string;
  readonly hint?: string | null;
}

/**
 * A notebook as it stands in the page, saved or not; `path` is for messages,
 * and tells in which folder of the server the local modules are.
 *
 * `content` is the notebook as JSON, outputs left out.
 */
export interface ICompileRequest {
  readonly path: string;
  readonly content: unknown;
}

/**
 * What a code cell is for. `cell` counts cells of any kind from 1.
 */
export interface IRole {
  readonly cell: number;
  readonly id: string;
  readonly kind:
    | 'check'
    | 'functions'
    | 'imports'
    | 'parameters'
    | 'skip'
    | 'step'
    | 'untagged';
  readonly step: string | null;
  readonly metrics: boolean;
}

/**
 * A step of the pipeline: the numbers of its cells, and the steps it waits for.
 */
export interface IStep {
  readonly name: string;
  readonly kind: 'check' | 'step';
  readonly cells: readonly number[];
  readonly after: readonly string[];
}

/**
 * A stretch of a cell. Cells, lines and columns count from 1; the end is exclusive.
 */
export interface IPlace {
  readonly cell: number;
  readonly id: string;
  readonly line: number;
  readonly column: number;
  readonly end_line: number;
  readonly end_column: number;
}

/**
 * A diagnostic. No place: it is about the notebook as a whole.
 */
export interface IFinding {
  readonly code: string;
  readonly name: string;
  readonly severity: 'error' | 'hint' | 'warning';
  readonly message: string;
  readonly place: IPlace | null;
  readonly notes: readonly string[];
}

/**
 * What a notebook compiles to. `compiled` is false where errors stand in the way.
 */
export interface ICompileReply {
  readonly compiled: boolean;
  readonly roles: readonly IRole[];
  readonly steps: readonly IStep[];
  readonly diagnostics: readonly IFinding[];
}
