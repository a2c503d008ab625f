import { NotebookModel } from '@jupyterlab/notebook';

import { notebookContent } from '../src/model/document';

describe('the notebook of a page', () => {
  it('is sent with unsaved text, tags and ids, and without outputs', () => {
    const model = new NotebookModel();
    model.fromJSON({
      cells: [
        { cell_type: 'markdown', id: 'intro', metadata: {}, source: '# Title' },
        {
          cell_type: 'code',
          id: 'load',
          metadata: { tags: ['step:load'] },
          source: 'x = 1',
          execution_count: 3,
          outputs: [{ output_type: 'stream', name: 'stdout', text: 'much' }]
        }
      ],
      metadata: {},
      nbformat: 4,
      nbformat_minor: 5
    });
    model.cells.get(1).sharedModel.setSource('x = 2');

    const content = notebookContent(model) as Record<string, unknown>;

    expect(content.cells).toEqual([
      { id: 'intro', cell_type: 'markdown', metadata: {}, source: '# Title' },
      {
        id: 'load',
        cell_type: 'code',
        metadata: expect.objectContaining({ tags: ['step:load'] }),
        source: 'x = 2',
        execution_count: null,
        outputs: []
      }
    ]);
    expect(content).toMatchObject({ nbformat: 4, nbformat_minor: 5 });
  });
});
