/** What the notebook of a page compiles to, kept up with its changes. */

import type { IDisposable } from '@lumino/disposable';
import { Debouncer } from '@lumino/polling';
import { ISignal, Signal } from '@lumino/signaling';

import { ApiError } from '../api/client';
import type {
  ICompileReply,
  ICompileRequest,
  IFinding,
  IRole
} from '../api/schema';

import type { IDocument } from './document';

export type { IFinding, IRole } from '../api/schema';

/** How long the notebook must rest before it is compiled, in milliseconds. */
const REST = 400;

/** Whether there is a result, one is being made, or there was a failure. */
export type CompilationState = 'none' | 'busy' | 'ready' | 'failed';

/** The compilation of one notebook. It is made again when the notebook changes. */
export class CompilationModel implements IDisposable {
  constructor(options: CompilationModel.IOptions) {
    this._document = options.document;
    this._compile = options.compile;
    this._debouncer = new Debouncer(() => this.refresh(), options.rest ?? REST);
    this._document.changed.connect(this._onDocumentChanged, this);
  }

  /** Emitted when any of the properties below changes. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get path(): string {
    return this._document.path;
  }

  get state(): CompilationState {
    return this._state;
  }

  /** Why there is no result, where the state is `failed`. */
  get failure(): string {
    return this._failure;
  }

  get findings(): readonly IFinding[] {
    return this._reply?.diagnostics ?? [];
  }

  get roles(): readonly IRole[] {
    return this._reply?.roles ?? [];
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Compiles now. The answer to an older request never replaces a newer one's. */
  async refresh(): Promise<void> {
    if (this.isDisposed) {
      return;
    }
    const asked = ++this._asked;
    this._set('busy');
    try {
      const { path } = this._document;
      const content = this._document.content();
      const reply = await this._compile({ path, content });
      if (asked === this._asked && !this.isDisposed) {
        this._reply = reply;
        this._set('ready');
      }
    } catch (error) {
      if (asked === this._asked && !this.isDisposed) {
        this._set('failed', describe(error));
      }
    }
  }

  dispose(): void {
    if (this.isDisposed) {
      return;
    }
    this._isDisposed = true;
    this._debouncer.dispose();
    Signal.clearData(this);
  }

  private _onDocumentChanged(): void {
    // Rejected only when disposed while waiting: then there is nothing to do.
    this._debouncer.invoke().catch(() => undefined);
  }

  private _set(state: CompilationState, failure = ''): void {
    this._state = state;
    this._failure = failure;
    this._changed.emit();
  }

  private readonly _document: IDocument;
  private readonly _compile: CompilationModel.Compile;
  private readonly _debouncer: Debouncer;
  private readonly _changed = new Signal<this, void>(this);
  private _asked = 0;
  private _state: CompilationState = 'none';
  private _failure = '';
  private _reply: ICompileReply | null = null;
  private _isDisposed = false;
}

/** A namespace for the model's options. */
// eslint-disable-next-line @typescript-eslint/no-namespace
export namespace CompilationModel {
  export type Compile = (request: ICompileRequest) => Promise<ICompileReply>;

  export interface IOptions {
    document: IDocument;
    compile: Compile;
    /** How long the notebook must rest before it is compiled, in milliseconds. */
    rest?: number;
  }
}

function describe(error: unknown): string {
  if (error instanceof ApiError) {
    return error.hint ? `${error.message} (${error.hint})` : error.message;
  }
  return String(error);
}
