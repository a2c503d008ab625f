/** The panel that lists what is wrong with the current notebook, and where. */

import type { TranslationBundle } from '@jupyterlab/translation';
import { Button, ReactWidget, UseSignal } from '@jupyterlab/ui-components';
import { ISignal, Signal } from '@lumino/signaling';
import * as React from 'react';

import type { CompilationModel, IFinding } from '../model/compilation';

import { cellwrightIcon } from './icons';

/** Shows the findings of one compilation at a time. */
export class DiagnosticsPanel extends ReactWidget {
  constructor(options: DiagnosticsPanel.IOptions) {
    super();
    this._options = options;
    const { trans } = options;
    this.id = 'cellwright-diagnostics';
    this.addClass('cellwright-Diagnostics');
    this.title.icon = cellwrightIcon;
    this.title.caption = trans.__('Cellwright');
    this.node.setAttribute('aria-label', trans.__('Cellwright diagnostics'));
  }

  /** The compilation that is shown; null where no notebook is open. */
  get compilation(): CompilationModel | null {
    return this._compilation;
  }

  set compilation(compilation: CompilationModel | null) {
    if (compilation !== this._compilation) {
      this._compilation = compilation;
      this._compilationChanged.emit();
    }
  }

  protected render(): React.ReactElement {
    return (
      <UseSignal signal={this._compilationChanged as ISignal<this, void>}>
        {() =>
          this._compilation === null ? (
            <p>{this._options.trans.__('No notebook is open.')}</p>
          ) : (
            <Compilation
              key={this._compilation.path}
              compilation={this._compilation}
              {...this._options}
            />
          )
        }
      </UseSignal>
    );
  }

  private readonly _options: DiagnosticsPanel.IOptions;
  private _compilation: CompilationModel | null = null;
  private readonly _compilationChanged = new Signal<this, void>(this);
}

/** A namespace for the panel's options. */
// eslint-disable-next-line @typescript-eslint/no-namespace
export namespace DiagnosticsPanel {
  export interface IOptions {
    readonly trans: TranslationBundle;
    /** Called to compile the notebook again. */
    readonly check: () => void;
    /** Called with the finding whose place is to be shown in the notebook. */
    readonly reveal: (finding: IFinding) => void;
  }
}

interface ICompilationProps extends DiagnosticsPanel.IOptions {
  readonly compilation: CompilationModel;
}

function Compilation(props: ICompilationProps): React.ReactElement {
  const { compilation, trans, check, reveal } = props;
  return (
    <UseSignal signal={compilation.changed}>
      {() => (
        <>
          <header>
            <span title={compilation.path}>{compilation.path}</span>
            <Button onClick={check} disabled={compilation.state === 'busy'}>
              {trans.__('Check')}
            </Button>
          </header>
          <p role="status">{summary(compilation, trans)}</p>
          <ul aria-label={trans.__('Diagnostics')}>
            {compilation.findings.map((finding, index) => (
              <Finding
                key={index}
                finding={finding}
                trans={trans}
                reveal={reveal}
              />
            ))}
          </ul>
        </>
      )}
    </UseSignal>
  );
}

function summary(
  compilation: CompilationModel,
  trans: TranslationBundle
): string {
  switch (compilation.state) {
    case 'none':
      return trans.__('Not checked yet.');
    case 'busy':
      return trans.__('Checking …');
    case 'failed':
      return trans.__('The check failed: %1', compilation.failure);
    case 'ready': {
      const count = compilation.findings.length;
      return count === 0
        ? trans.__('Nothing to report.')
        : trans._n('%1 diagnostic', '%1 diagnostics', count);
    }
  }
}

interface IFindingProps {
  readonly finding: IFinding;
  readonly trans: TranslationBundle;
  readonly reveal: (finding: IFinding) => void;
}

function Finding(props: IFindingProps): React.ReactElement {
  const { finding, trans, reveal } = props;
  const { place } = finding;
  const where =
    place === null
      ? trans.__('the notebook')
      : trans.__('cell %1, line %2', place.cell, place.line);
  return (
    <li data-severity={finding.severity}>
      <button
        type="button"
        disabled={place === null}
        onClick={() => reveal(finding)}
      >
        {where}
      </button>
      <span className="cellwright-Diagnostics-rule" title={finding.name}>
        {finding.severity}[{finding.code}]
      </span>
      <span className="cellwright-Diagnostics-message">{finding.message}</span>
      {finding.notes.map((note, index) => (
        <small key={index}>{note}</small>
      ))}
    </li>
  );
}
