/** The chip at the edge of a cell that says what the cell is for. */

import type { Cell } from '@jupyterlab/cells';

import type { IRole } from '../model/compilation';
import { roleColor, roleLabel } from '../model/roles';

const CLASS = 'cellwright-RoleBadge';

/**
 * Draws the role of a cell. The chip is an attribute and a style, not an element: so it
 * stays when the notebook takes cells out of the page and puts them back.
 */
export function drawRole(cell: Cell, role: IRole | undefined): void {
  const label = roleLabel(role);
  cell.node.classList.toggle(CLASS, label !== '');
  if (role === undefined || label === '') {
    delete cell.node.dataset.cellwrightRole;
    delete cell.node.dataset.cellwrightColor;
    cell.node.removeAttribute('aria-description');
    return;
  }
  cell.node.dataset.cellwrightRole = label;
  cell.node.dataset.cellwrightColor =
    role.step === null ? 'shared' : String(roleColor(role));
  cell.node.setAttribute('aria-description', label);
}
