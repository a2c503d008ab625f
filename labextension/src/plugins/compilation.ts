/** Wires the compilations of open notebooks to the command and the side panel. */

import {
  ILayoutRestorer,
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { compile } from '../api/client';
import { CommandIDs } from '../commands';
import { CompilationModel, IFinding } from '../model/compilation';
import { notebookContent } from '../model/document';
import { ICompilations } from '../tokens';
import { DiagnosticsPanel } from '../widgets/Diagnostics';
import { cellwrightIcon } from '../widgets/icons';

export const compilation: JupyterFrontEndPlugin<ICompilations> = {
  id: 'cellwright:compilation',
  description: 'Compiles open notebooks and shows what is wrong with them.',
  autoStart: true,
  provides: ICompilations,
  requires: [INotebookTracker],
  optional: [ICommandPalette, ILayoutRestorer, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    tracker: INotebookTracker,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null,
    translator: ITranslator | null
  ): ICompilations => {
    const trans = (translator ?? nullTranslator).load('cellwright');
    const compilations = new Compilations(app);
    const panel = new DiagnosticsPanel({
      trans,
      check: () => void app.commands.execute(CommandIDs.check),
      reveal: finding => void reveal(tracker.currentWidget, finding)
    });
    app.shell.add(panel, 'right', { rank: 900 });
    restorer?.add(panel, panel.id);

    app.commands.addCommand(CommandIDs.check, {
      label: trans.__('Check Notebook'),
      caption: trans.__('Say what keeps the notebook from being a pipeline'),
      icon: cellwrightIcon,
      isEnabled: () => tracker.currentWidget !== null,
      describedBy: { args: { type: 'object', properties: {} } },
      execute: async () => {
        const current = tracker.currentWidget;
        if (current !== null) {
          app.shell.activateById(panel.id);
          await current.context.ready;
          await compilations.of(current).refresh();
        }
      }
    });
    palette?.addItem({
      command: CommandIDs.check,
      category: trans.__('Cellwright')
    });

    const follow = () => {
      const current = tracker.currentWidget;
      panel.compilation = current === null ? null : compilations.of(current);
      app.commands.notifyCommandChanged(CommandIDs.check);
    };
    tracker.currentChanged.connect(follow);
    follow();
    return compilations;
  }
};

/** One compilation for each open notebook, made when it is first asked for. */
class Compilations implements ICompilations {
  constructor(app: JupyterFrontEnd) {
    this._app = app;
  }

  of(panel: NotebookPanel): CompilationModel {
    const known = this._models.get(panel);
    if (known !== undefined) {
      return known;
    }
    const { contents, serverSettings } = this._app.serviceManager;
    const model = new CompilationModel({
      document: {
        get path() {
          return contents.localPath(panel.context.path);
        },
        changed: panel.content.modelContentChanged,
        content: () => notebookContent(panel.context.model)
      },
      compile: request => compile(request, serverSettings)
    });
    this._models.set(panel, model);
    panel.disposed.connect(() => {
      this._models.delete(panel);
      model.dispose();
    });
    void panel.context.ready.then(() => model.refresh());
    return model;
  }

  private readonly _app: JupyterFrontEnd;
  private readonly _models = new Map<NotebookPanel, CompilationModel>();
}

/** Makes the cell of a finding active, with the cursor at the finding's place. */
async function reveal(
  panel: NotebookPanel | null,
  finding: IFinding
): Promise<void> {
  const { place } = finding;
  const notebook = panel?.content;
  if (notebook === undefined || place === null) {
    return;
  }
  const index = notebook.widgets.findIndex(cell => cell.model.id === place.id);
  if (index < 0) {
    return; // the cell is gone since the notebook was compiled
  }
  notebook.activeCellIndex = index;
  await notebook.scrollToItem(index, 'smart');
  const cell = notebook.widgets[index];
  await cell.ready;
  cell.editor?.setCursorPosition({
    line: place.line - 1,
    column: place.column - 1
  });
  notebook.mode = 'edit';
}
