import { ServerConnection } from '@jupyterlab/services';

import { ApiError, compile, health } from '../src/api/client';

/** Settings whose requests end in a function of ours; nothing leaves the test. */
function settings(
  answer: (request: Request) => Response | Promise<Response>
): ServerConnection.ISettings {
  return ServerConnection.makeSettings({
    baseUrl: 'http://localhost/base/',
    token: 'secret',
    fetch: async (info: RequestInfo) => answer(info as Request)
  });
}

const NOTEBOOK = { path: 'a.ipynb', content: { cells: [] } };

describe('the client', () => {
  it('posts the notebook as JSON, with the token, under the base address', async () => {
    let seen: Request | undefined;
    const reply = { compiled: true, roles: [], steps: [], diagnostics: [] };

    const result = await compile(
      NOTEBOOK,
      settings(request => {
        seen = request;
        return new Response(JSON.stringify(reply));
      })
    );

    expect(result).toEqual(reply);
    expect(seen?.method).toBe('POST');
    expect(seen?.url.split('?')[0]).toBe(
      'http://localhost/base/cellwright/api/compile'
    );
    expect(seen?.headers.get('Content-Type')).toBe('application/json');
    expect(seen?.headers.get('Authorization')).toBe('token secret');
    expect(await seen?.json()).toEqual(NOTEBOOK);
  });

  it('raises what the server says is wrong', async () => {
    const refused = settings(
      () =>
        new Response('{"message": "too large", "hint": "clear outputs"}', {
          status: 413
        })
    );

    const failure = await compile(NOTEBOOK, refused).catch(error => error);

    expect(failure).toBeInstanceOf(ApiError);
    expect(failure).toMatchObject({
      message: 'too large',
      status: 413,
      hint: 'clear outputs'
    });
  });

  it('does not need a failure to be JSON', async () => {
    const gateway = settings(
      () => new Response('<html>', { status: 502, statusText: 'Bad Gateway' })
    );

    await expect(health(gateway)).rejects.toMatchObject({
      message: 'Bad Gateway',
      status: 502
    });
  });

  it('says so where no server answers', async () => {
    const away = settings(() => Promise.reject(new TypeError('no route')));

    await expect(health(away)).rejects.toMatchObject({ status: 0 });
  });
});
