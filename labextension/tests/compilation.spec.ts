import { Signal } from '@lumino/signaling';

import type { ICompileReply } from '../src/api/schema';
import { CompilationModel } from '../src/model/compilation';

const EMPTY: ICompileReply = {
  compiled: true,
  roles: [],
  steps: [],
  diagnostics: []
};

function reply(message: string): ICompileReply {
  return {
    ...EMPTY,
    diagnostics: [
      {
        code: 'FLOW201',
        name: 'unbound-input',
        severity: 'error',
        message,
        place: null,
        notes: []
      }
    ]
  };
}

/** A document that tests can change, and a server that answers when they say so. */
function setUp() {
  const document = {
    path: 'a.ipynb',
    changed: new Signal<unknown, void>({}),
    content: () => ({ cells: [] })
  };
  const asked: {
    resolve: (reply: ICompileReply) => void;
    reject: (error: Error) => void;
  }[] = [];
  const compile = () =>
    new Promise<ICompileReply>((resolve, reject) => {
      asked.push({ resolve, reject });
    });
  const model = new CompilationModel({ document, compile, rest: 5 });
  return { document, asked, model };
}

const rested = () => new Promise(resolve => setTimeout(resolve, 30));

describe('the compilation of a notebook', () => {
  it('has the findings that the server tells', async () => {
    const { model, asked } = setUp();

    const done = model.refresh();
    expect(model.state).toBe('busy');
    asked[0].resolve(reply('no `x`'));
    await done;

    expect(model.state).toBe('ready');
    expect(model.findings.map(found => found.message)).toEqual(['no `x`']);
  });

  it('is made once after many changes', async () => {
    const { model, document, asked } = setUp();

    for (let edit = 0; edit < 10; edit++) {
      document.changed.emit();
    }
    await rested();

    expect(asked).toHaveLength(1);
    expect(model.state).toBe('busy');
  });

  it('keeps the newest answer, whichever comes last', async () => {
    const { model, asked } = setUp();

    const older = model.refresh();
    const newer = model.refresh();
    asked[1].resolve(reply('new'));
    await newer;
    asked[0].resolve(reply('old'));
    await older;

    expect(model.findings.map(found => found.message)).toEqual(['new']);
  });

  it('keeps the findings it has when the server fails', async () => {
    const { model, asked } = setUp();
    const first = model.refresh();
    asked[0].resolve(reply('no `x`'));
    await first;

    const second = model.refresh();
    asked[1].reject(new Error('gone'));
    await second;

    expect(model.state).toBe('failed');
    expect(model.failure).toContain('gone');
    expect(model.findings).toHaveLength(1);
  });

  it('asks nothing once it is disposed', async () => {
    const { model, document, asked } = setUp();

    document.changed.emit();
    model.dispose();
    await rested();
    await model.refresh();

    expect(asked).toHaveLength(0);
  });
});
