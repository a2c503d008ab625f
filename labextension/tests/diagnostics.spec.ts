import { nullTranslator } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';

import type { IFinding } from '../src/api/schema';
import { CompilationModel } from '../src/model/compilation';
import { DiagnosticsPanel } from '../src/widgets/Diagnostics';

const FINDING: IFinding = {
  code: 'FLOW201',
  name: 'unbound-input',
  severity: 'error',
  message: 'step `train` reads `scaler`, which no earlier step binds',
  place: { cell: 7, id: 'g', line: 3, column: 5, end_line: 3, end_column: 11 },
  notes: ['`scaler` is not a builtin']
};

const drawn = () => new Promise(resolve => setTimeout(resolve, 50));

describe('the panel of diagnostics', () => {
  let revealed: IFinding[];
  let panel: DiagnosticsPanel;

  beforeEach(() => {
    revealed = [];
    panel = new DiagnosticsPanel({
      trans: nullTranslator.load('cellwright'),
      check: () => undefined,
      reveal: finding => revealed.push(finding)
    });
    Widget.attach(panel, document.body);
  });

  afterEach(() => panel.dispose());

  it('says so where no notebook is open', async () => {
    await drawn();

    expect(panel.node.textContent).toContain('No notebook is open.');
  });

  it('lists the findings and leads to their place', async () => {
    const compilation = new CompilationModel({
      document: {
        path: 'a.ipynb',
        changed: new Signal<unknown, void>({}),
        content: () => ({})
      },
      compile: async () => ({
        compiled: false,
        roles: [],
        steps: [],
        diagnostics: [FINDING]
      })
    });

    panel.compilation = compilation;
    await compilation.refresh();
    await drawn();
    const item = panel.node.querySelector('li');
    item?.querySelector('button')?.click();

    expect(item?.textContent).toContain('error[FLOW201]');
    expect(item?.textContent).toContain('cell 7, line 3');
    expect(item?.textContent).toContain(FINDING.message);
    expect(revealed).toEqual([FINDING]);
  });
});
