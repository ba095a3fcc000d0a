export type TransferOptions = { signal?: AbortSignal | undefined }

/** What a transfer did. */
export type TransferResult = { files: number; bytes: number; skippedFiles: number }

/**
 * Keeps workspaces when their sandbox is gone. Transfers stream, run concurrently and skip what is unchanged.
 * Nothing is ever deleted on either side. `storagePath` is exact: `a/1` never touches `a/10`.
 */
export interface WorkspaceStorage {
  /** `local`, `oss`, … */
  readonly name: string
  /** Copies the stored tree into `directory`, which is made if need be. A path that was never stored is an empty tree. */
  download(storagePath: string, directory: string, options?: TransferOptions): Promise<TransferResult>
  /** Copies the tree of `directory` to `storagePath`. A missing directory is an empty tree. */
  upload(directory: string, storagePath: string, options?: TransferOptions): Promise<TransferResult>
  close(): Promise<void>
}
