/** What the plugins offer each other, and other extensions. */

import type { NotebookPanel } from '@jupyterlab/notebook';
import { Token } from '@lumino/coreutils';

import type { CompilationModel } from './model/compilation';

/** The compilations of all open notebooks. */
export interface ICompilations {
  /** The compilation of a notebook; it lives as long as the notebook is open. */
  of(panel: NotebookPanel): CompilationModel;
}

export const ICompilations = new Token<ICompilations>(
  'cellwright:ICompilations',
  'What the open notebooks compile to.'
);
