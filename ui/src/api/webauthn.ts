/* The browser's passkey ceremonies. The daemon made the challenge and verifies the answer; here bytes change
 * their clothes only. User verification is always required; PRF is asked for in ceremonies of the vault alone, never when something is signed. */
import { decodeBase64url, encodeBase64url } from './base64url';
import { ApiError, localError } from './errors';
import type { Assertion, Attestation, CreationOptions, Descriptor, RequestOptions, Transport } from './generated';

function descriptor(d: Descriptor): PublicKeyCredentialDescriptor {
  return { type: 'public-key', id: decodeBase64url(d.id), transports: d.transports as AuthenticatorTransport[] };
}

function requireWebAuthn(): void {
  if (typeof PublicKeyCredential === 'undefined' || !navigator.credentials) {
    throw localError('no_webauthn', 'no PublicKeyCredential', []);
  }
}

export async function hasPlatformAuthenticator(): Promise<boolean> {
  if (typeof PublicKeyCredential === 'undefined') {
    return false;
  }
  return PublicKeyCredential.isUserVerifyingPlatformAuthenticatorAvailable().catch(() => false);
}

/** NotAllowedError does not tell cancel from time-out: only our own clock does. */
function faultOf(cause: unknown, startedMs: number, timeoutMs: number): ApiError {
  const name = (cause as DOMException)?.name ?? 'Error';
  const seconds = Math.round((Date.now() - startedMs) / 1000);
  const detail = `${name}, ${seconds} s`;
  if (name === 'NotAllowedError' || name === 'AbortError') {
    return localError(Date.now() - startedMs >= timeoutMs - 500 ? 'ceremony_late' : 'ceremony_cancelled', detail);
  }
  if (name === 'InvalidStateError') {
    return new ApiError('ceremony_already', {}, ['try_again'], detail);
  }
  if (name === 'SecurityError') {
    return new ApiError('ceremony_origin', { expected: 'passmesh.localhost', got: location.origin }, ['open_again'], detail);
  }
  return cause instanceof ApiError ? cause : localError('ceremony_failed', detail);
}

/** prfInput: a passkey of the vault. What PRF gives already now is not looked at: some give another value later. */
export async function createPasskey(o: CreationOptions, signal: AbortSignal, prfInput?: string): Promise<Attestation> {
  requireWebAuthn();
  const started = Date.now();
  const selection: AuthenticatorSelectionCriteria = {
    residentKey: o.resident_key, requireResidentKey: o.resident_key === 'required', userVerification: 'required',
  };
  if (o.attachment) {
    selection.authenticatorAttachment = o.attachment;
  }
  const publicKey = {
    rp: { id: o.rp_id, name: o.rp_name },
    user: { id: decodeBase64url(o.user_id), name: o.user_name, displayName: o.user_display_name },
    challenge: decodeBase64url(o.challenge),
    pubKeyCredParams: o.algorithms.map((alg) => ({ type: 'public-key' as const, alg })),
    excludeCredentials: o.exclude.map(descriptor),
    authenticatorSelection: selection, attestation: o.attestation, timeout: o.timeout_ms, hints: o.hints,
    ...(prfInput ? { extensions: { prf: { eval: { first: decodeBase64url(prfInput) } } } } : {}),
  };
  try {
    const made = (await navigator.credentials.create({ publicKey, signal })) as PublicKeyCredential;
    const response = made.response as AuthenticatorAttestationResponse;
    return {
      credential_id: encodeBase64url(made.rawId),
      client_data_json: encodeBase64url(response.clientDataJSON),
      attestation_object: encodeBase64url(response.attestationObject),
      transports: response.getTransports().filter(isTransport),
    };
  } catch (cause) {
    throw faultOf(cause, started, o.timeout_ms);
  }
}

function assertionOf(got: PublicKeyCredential): Assertion {
  const response = got.response as AuthenticatorAssertionResponse;
  const answer: Assertion = {
    credential_id: encodeBase64url(got.rawId),
    client_data_json: encodeBase64url(response.clientDataJSON),
    authenticator_data: encodeBase64url(response.authenticatorData),
    signature: encodeBase64url(response.signature),
  };
  if (response.userHandle && response.userHandle.byteLength > 0) {
    answer.user_handle = encodeBase64url(response.userHandle);
  }
  return answer;
}

async function get(o: RequestOptions, signal: AbortSignal, extensions?: AuthenticationExtensionsClientInputs): Promise<PublicKeyCredential> {
  requireWebAuthn();
  const started = Date.now();
  const publicKey: PublicKeyCredentialRequestOptions = {
    rpId: o.rp_id, challenge: decodeBase64url(o.challenge), allowCredentials: o.allow.map(descriptor),
    userVerification: 'required', timeout: o.timeout_ms, ...(extensions ? { extensions } : {}),
  };
  try {
    return (await navigator.credentials.get({ publicKey, signal })) as PublicKeyCredential;
  } catch (cause) {
    throw faultOf(cause, started, o.timeout_ms);
  }
}

export async function usePasskey(o: RequestOptions, signal: AbortSignal): Promise<Assertion> {
  return assertionOf(await get(o, signal));
}

export interface PrfAnswer {
  assertion: Assertion;
  /** The secret; whoever gets it seals it at once and zeroes it. null: the authenticator gave none. */
  prf: Uint8Array<ArrayBuffer> | null;
}

/** inputs: what PRF evaluates, by credential id. */
export async function usePrf(o: RequestOptions, inputs: Record<string, string>, signal: AbortSignal): Promise<PrfAnswer> {
  const evalByCredential = Object.fromEntries(Object.entries(inputs).map(([id, input]) => [id, { first: decodeBase64url(input) }]));
  const got = await get(o, signal, { prf: { evalByCredential } });
  const first = got.getClientExtensionResults().prf?.results?.first;
  return { assertion: assertionOf(got), prf: first ? new Uint8Array(first as ArrayBuffer) : null };
}

const TRANSPORTS: readonly string[] = ['usb', 'nfc', 'ble', 'smart-card', 'hybrid', 'internal'] satisfies Transport[];

function isTransport(name: string): name is Transport {
  return TRANSPORTS.includes(name);
}
