/** Wires the compilation of a notebook to the chips at its cells. */

import {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';

import { ICompilations } from '../tokens';
import { drawRole } from '../widgets/RoleBadge';

export const roles: JupyterFrontEndPlugin<void> = {
  id: 'cellwright:roles',
  description: 'Shows at each cell what it is for.',
  autoStart: true,
  requires: [INotebookTracker, ICompilations],
  activate: (
    _: JupyterFrontEnd,
    tracker: INotebookTracker,
    compilations: ICompilations
  ): void => {
    const follow = (__: unknown, panel: NotebookPanel) => {
      const compilation = compilations.of(panel);
      const draw = () => {
        const byId = new Map(compilation.roles.map(role => [role.id, role]));
        for (const cell of panel.content.widgets) {
          drawRole(cell, byId.get(cell.model.id));
        }
      };
      compilation.changed.connect(draw);
      panel.disposed.connect(() => compilation.changed.disconnect(draw));
      draw();
    };
    tracker.forEach(panel => follow(null, panel));
    tracker.widgetAdded.connect(follow);
  }
};
