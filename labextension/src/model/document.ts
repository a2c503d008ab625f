/** The notebook of a page, as the compiler takes it. */

import type { INotebookModel } from '@jupyterlab/notebook';
import type { PartialJSONValue } from '@lumino/coreutils';
import type { ISignal } from '@lumino/signaling';

/** A notebook that can be compiled, with changes that are not saved. */
export interface IDocument {
  /** Where the notebook lies; for messages. */
  readonly path: string;
  /** Emitted when anything in the notebook changes. */
  readonly changed: ISignal<unknown, unknown>;
  /** The notebook as JSON, outputs left out. */
  content(): PartialJSONValue;
}

/**
 * The notebook as JSON, cell by cell: outputs can be large and say nothing about what
 * the notebook compiles to. Ids are those of the page, also where the file has none.
 */
export function notebookContent(model: INotebookModel): PartialJSONValue {
  const cells: PartialJSONValue[] = [];
  for (const cell of model.cells) {
    const common = {
      id: cell.id,
      cell_type: cell.type,
      metadata: cell.sharedModel.getMetadata() as PartialJSONValue,
      source: cell.sharedModel.getSource()
    };
    cells.push(
      cell.type === 'code'
        ? { ...common, execution_count: null, outputs: [] }
        : common
    );
  }
  return {
    cells,
    metadata: model.sharedModel.getMetadata() as PartialJSONValue,
    nbformat: 4,
    nbformat_minor: 5
  };
}
