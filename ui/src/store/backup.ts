/* The backup file between the wallet program and a file of the person's; it is sealed, so nothing here is secret. */
import { decodeBase64url, encodeBase64url } from '../api/base64url';
import { call, command } from '../api/client';
import { ApiError } from '../api/errors';
import type { Methods } from '../api/generated';
import { dated, keepFile } from './keep';
import { openVault } from './vault';

export type BackupCounts = Methods['backup_check']['result'];

const PART = 8192;
const FILE_MAX = 2 * 1024 * 1024;

/** Makes the file and hands it to the browser to keep. null: the person closed the passkey's dialog. */
export async function makeBackup(): Promise<BackupCounts | null> {
  if (!(await openVault())) {
    return null;
  }
  const made = await command('backup_make', {});
  const parts: ArrayBuffer[] = [];
  for (let offset = 0; offset < made.size;) {
    const part = decodeBase64url((await call('backup_read', { offset })).data);
    parts.push(part.buffer as ArrayBuffer);
    offset += part.byteLength;
  }
  keepFile(dated(made.made_ms, 'backup'), 'application/octet-stream', parts);
  return made;
}

async function bring(file: File): Promise<void> {
  if (file.size === 0 || file.size > FILE_MAX) {
    throw new ApiError('backup_broken', {}, ['try_again'], `${file.size} bytes`);
  }
  const bytes = new Uint8Array(await file.arrayBuffer());
  for (let offset = 0; offset < bytes.length; offset += PART) {
    await command('backup_part', { offset, size: bytes.length, data: encodeBase64url(bytes.slice(offset, offset + PART).buffer) });
  }
}

/** Proves that this file opens and is of this vault. null: closed. */
export async function checkBackup(file: File): Promise<BackupCounts | null> {
  if (!(await openVault())) {
    return null;
  }
  await bring(file);
  return command('backup_check', {});
}

/** Brings the file and takes its vault, which then is opened as any. */
export async function beginRestore(file: File): Promise<void> {
  await bring(file);
  await command('restore_begin', {});
}

export const finishRestore = (): Promise<BackupCounts> => command('restore_finish', {});
