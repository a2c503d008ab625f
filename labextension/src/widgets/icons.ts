/** Our icons. */

import { LabIcon } from '@jupyterlab/ui-components';

import cellwright from '../../style/cellwright.svg';

export const cellwrightIcon = new LabIcon({
  name: 'cellwright:cellwright',
  svgstr: cellwright
});
