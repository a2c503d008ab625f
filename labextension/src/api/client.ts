/** One function for each route of the server extension. */

import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

import type {
  ICompileReply,
  ICompileRequest,
  IFailure,
  IHealth
} from './schema';

/** A request that the server refused, or that did not reach it (status 0). */
export class ApiError extends Error {
  constructor(
    message: string,
    readonly status: number,
    readonly hint: string | null = null
  ) {
    super(message);
    this.name = 'ApiError';
  }
}

/** Tells whether the server extension answers. */
export function health(settings: ServerConnection.ISettings): Promise<IHealth> {
  return request<IHealth>('health', settings);
}

/** Compiles a notebook as it stands in the page. */
export function compile(
  notebook: ICompileRequest,
  settings: ServerConnection.ISettings
): Promise<ICompileReply> {
  return request<ICompileReply>('compile', settings, notebook);
}

async function request<T>(
  route: string,
  settings: ServerConnection.ISettings,
  body?: object
): Promise<T> {
  const url = URLExt.join(settings.baseUrl, 'cellwright', 'api', route);
  const init: RequestInit =
    body === undefined
      ? {}
      : {
          method: 'POST',
          headers: { 'Content-Type': 'application/json' },
          body: JSON.stringify(body)
        };
  let response: Response;
  try {
    response = await ServerConnection.makeRequest(url, init, settings);
  } catch (error) {
    throw new ApiError(String(error), 0);
  }
  const reply = await parse(response);
  if (!response.ok) {
    const failure = reply as IFailure | null;
    throw new ApiError(
      failure?.message ?? response.statusText,
      response.status,
      failure?.hint ?? null
    );
  }
  return reply as T;
}

/** A proxy in between may answer with something that is not JSON. */
async function parse(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch {
    if (response.ok) {
      throw new ApiError('the server did not answer with JSON', 502);
    }
    return null;
  }
}
