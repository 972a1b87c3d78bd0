/* A failed call: a code of api/errors.json, or one that the page found by itself. */

export type LocalCode =
  | 'program_lost' | 'ceremony_cancelled' | 'ceremony_late' | 'no_webauthn' | 'ceremony_failed' | 'unexpected';

export class ApiError extends Error {
  readonly code: string;
  readonly params: Record<string, string>;
  readonly next: readonly string[];
  /** For Details only: a technical word, no secret, no address. */
  readonly detail: string;

  constructor(code: string, params: Record<string, string> = {}, next: readonly string[] = [], detail = '') {
    super(code);
    this.code = code;
    this.params = params;
    this.next = next;
    this.detail = detail;
  }
}

export function localError(code: LocalCode, detail = '', next: readonly string[] = ['try_again']): ApiError {
  return new ApiError(code, {}, next, detail);
}

export function asApiError(cause: unknown): ApiError {
  return cause instanceof ApiError ? cause : localError('unexpected', String((cause as Error)?.name ?? cause), ['reload']);
}
