//! Stores the bytes of documents in an object store, one object per document under the document's
//! id. An object is encrypted and written once, and never overwritten. Each document is encrypted
//! with a key of its own, which is stored encrypted with a key of the installation.
use super::cipher::{CHUNK_BYTES, DocumentCipher, ENCRYPTED_CHUNK_BYTES, encrypted_size, last_position};
use bytes::Bytes;
use cpor_types::{EvidenceId, Timestamp};
use futures_util::{Stream, TryStreamExt as _, stream};
use object_store::{ObjectStore, ObjectStoreExt as _, WriteMultipart, local::LocalFileSystem, path::Path};
use rawzip::ReaderAt;
use std::{
    path::PathBuf,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};
use tokio::runtime::Handle;

/// The store of the documents' bytes. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct EvidenceStore {
    /// The object store, which contains each object under its path.
    objects: Arc<dyn ObjectStore>,
    /// The directory that contains the objects.
    directory: Arc<PathBuf>,
}

/// An error of the evidence store. The text is for the log, not for callers.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EvidenceStoreError {
    /// The object store failed.
    #[error("the evidence store failed: {0}")]
    Store(#[from] object_store::Error),
    /// The object or its key is not as it was stored.
    #[error("stored evidence is damaged: {0}")]
    Damaged(Damage),
    /// The key with this id, with which the document's key is encrypted, is not in the file of the
    /// setting `evidence_keys_file`.
    #[error("the evidence key `{0}` is not in claim_intake.evidence_keys_file")]
    UnknownKey(String),
    /// The key of the installation that encrypts the document's key is lost.
    #[error("the evidence key `{0}` is lost")]
    LostKey(String),
    /// The cryptographic library failed.
    #[error("a document cannot be encrypted")]
    Cipher,
}

/// How a stored document differs from what was stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Damage {
    /// There is no object.
    #[error("the object is missing")]
    Missing,
    /// The object has another size.
    #[error("the object has the wrong size")]
    Size,
    /// Bytes of the object were changed, or the object is that of another document.
    #[error("bytes of the object were changed")]
    Changed,
    /// The key of the document was changed, or is that of another document.
    #[error("the key of the document was changed")]
    Key,
}

/// Writes one object. If it is dropped before [`ObjectWriter::complete`], no object is stored.
pub(crate) struct ObjectWriter {
    /// The store that will contain the object.
    store: EvidenceStore,
    /// The id of the document.
    id: EvidenceId,
    /// Sends the encrypted bytes to the object store in parts.
    parts: WriteMultipart,
    cipher: DocumentCipher,
    /// The bytes of the next chunk. They are encrypted only when more bytes arrive or the object is
    /// completed, because the encryption depends on whether a chunk is the last.
    chunk: Vec<u8>,
    /// The position of the next chunk.
    position: u32,
}

/// An object with all its bytes, which is not stored under its final name yet. If it is dropped, it
/// is deleted.
pub(crate) struct CompleteObject {
    /// The object under its temporary name.
    object: TemporaryObject,
    /// The id of the document.
    id: EvidenceId,
    cipher: DocumentCipher,
}

/// A guard that deletes an object when it is dropped before [`TemporaryObject::keep`], for example
/// because the client has disconnected.
struct TemporaryObject {
    /// The store that contains the object.
    store: EvidenceStore,
    /// The path of the object. `None` if the object is to be kept.
    path: Option<Path>,
}

/// The folder of the objects that are not stored under their final names yet.
const INCOMING: &str = "incoming";
/// The folder of the stored objects.
const STORED: &str = "stored";

/// The number of bytes that are buffered before they are sent to the object store, which is a local
/// directory. Each upload takes this memory.
const PART_BYTES: usize = 1 << 20;
/// The maximum number of parts that are being sent to the object store at the same time.
const PARTS_IN_FLIGHT: usize = 1;
/// The maximum number of chunks that are read at the same time.
const CHUNKS_PER_READ: u64 = 16;

impl EvidenceStore {
    /// Opens a store in a local directory and creates the directory if it is missing. Objects are
    /// synced to disk before they count as stored.
    ///
    /// # Errors
    /// Returns an error if the directory cannot be created or used.
    pub(crate) fn in_directory(directory: &std::path::Path) -> Result<Self, EvidenceStoreError> {
        cpor_process::private_files::create_directory(directory).map_err(file_error)?;
        let objects = Arc::new(LocalFileSystem::new_with_prefix(directory)?.with_fsync(true));
        Ok(Self { objects, directory: Arc::new(directory.to_owned()) })
    }

    /// Starts to write the object of the document `id`.
    ///
    /// # Errors
    /// Returns an error if the object store fails.
    pub(crate) async fn write(
        &self,
        id: EvidenceId,
        cipher: DocumentCipher,
    ) -> Result<ObjectWriter, EvidenceStoreError> {
        let upload = self.objects.put_multipart(&incoming_path(id)).await?;
        let parts = WriteMultipart::new_with_chunk_size(upload, PART_BYTES);
        Ok(ObjectWriter { store: self.clone(), id, parts, cipher, chunk: Vec::new(), position: 0 })
    }

    /// Reads the object of the document `id`, which has `size` bytes, in order.
    ///
    /// # Errors
    /// Returns an error if the object store fails, or if the object is missing or has the wrong
    /// size. The stream ends with an error at the first chunk that was changed.
    pub(crate) async fn read(
        &self,
        id: EvidenceId,
        cipher: DocumentCipher,
        size: u64,
    ) -> Result<impl Stream<Item = Result<Bytes, EvidenceStoreError>> + Send + use<>, EvidenceStoreError> {
        let object = EncryptedObject { store: self.clone(), path: stored_path(id), cipher, size };
        object.check_size().await?;
        Ok(object.into_stream())
    }

    /// Deletes the objects that were never stored, complete or not, if they are older than
    /// `before`.
    ///
    /// # Errors
    /// Returns an error if the object store fails.
    pub(crate) async fn delete_incoming(&self, before: Timestamp) -> Result<(), EvidenceStoreError> {
        let incoming = Path::from(INCOMING);
        let mut objects = self.objects.list(Some(&incoming));
        while let Some(object) = objects.try_next().await? {
            if object.last_modified < before {
                // Another replica may delete the object at the same moment.
                self.delete_path(&object.location).await?;
            }
        }
        let directory = self.directory.join(INCOMING);
        let deleted = tokio::task::spawn_blocking(move || delete_files(&directory, before)).await;
        Ok(deleted.map_err(std::io::Error::from).and_then(|deleted| deleted).map_err(file_error)?)
    }

    /// Deletes the object of the document `id`, whether it is complete or not. It is not an error
    /// if there is no object. Call this only for an upload whose document is not on a claim.
    ///
    /// # Errors
    /// Returns an error if the object store fails.
    pub(crate) async fn delete(&self, id: EvidenceId) -> Result<(), EvidenceStoreError> {
        for path in [incoming_path(id), stored_path(id)] {
            self.delete_path(&path).await?;
        }
        Ok(())
    }

    /// Deletes an object. It is not an error if there is none.
    async fn delete_path(&self, path: &Path) -> Result<(), object_store::Error> {
        match self.objects.delete(path).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Deletes an object of an upload that has ended. Errors are only logged, because the sweeper,
    /// a background task, removes the object later.
    async fn delete_or_log(&self, path: &Path) {
        if let Err(error) = self.delete_path(path).await {
            tracing::warn!(%error, "an object of an upload that has ended could not be deleted");
        }
    }
}

impl ObjectWriter {
    /// Adds the next bytes. Waits if the object store is slower than the caller.
    ///
    /// # Errors
    /// Returns an error if the object store fails.
    pub(crate) async fn add(&mut self, mut bytes: Bytes) -> Result<(), EvidenceStoreError> {
        while !bytes.is_empty() {
            if self.chunk.len() as u64 == CHUNK_BYTES {
                self.encrypt_chunk(false).await?;
            }
            let missing = usize::try_from(CHUNK_BYTES).unwrap_or(usize::MAX) - self.chunk.len();
            self.chunk.extend_from_slice(&bytes.split_to(missing.min(bytes.len())));
        }
        Ok(())
    }

    /// Encrypts the collected chunk and sends it to the object store.
    async fn encrypt_chunk(&mut self, is_last: bool) -> Result<(), EvidenceStoreError> {
        self.parts.wait_for_capacity(PARTS_IN_FLIGHT).await?;
        self.parts.put(self.cipher.encrypt(self.position, is_last, &self.chunk)?.into());
        self.chunk.clear();
        self.position = self.position.checked_add(1).ok_or(EvidenceStoreError::Cipher)?;
        Ok(())
    }

    /// Completes the object and syncs it to disk. If the returned future is dropped, the object is
    /// deleted.
    ///
    /// # Errors
    /// Returns an error if the object store fails.
    pub(crate) async fn complete(mut self) -> Result<CompleteObject, EvidenceStoreError> {
        self.encrypt_chunk(true).await?;
        let Self { store, id, parts, cipher, .. } = self;
        // The object store completes the object even if the future that waits for it is dropped. So
        // a task waits: if the caller is gone, the task's result is dropped, and that deletes the
        // object.
        let completed = tokio::spawn(async move {
            parts.finish().await?;
            let object = TemporaryObject { store, path: Some(incoming_path(id)) };
            Ok::<_, object_store::Error>(CompleteObject { object, id, cipher })
        });
        Ok(completed.await.map_err(object_store::Error::from)??)
    }

    /// Aborts the write and removes its parts. Errors are only logged, because the sweeper removes
    /// the remaining bytes later.
    pub(crate) async fn abort(self) {
        if let Err(error) = self.parts.abort().await {
            tracing::warn!(%error, "an aborted upload could not be removed");
        }
    }
}

impl CompleteObject {
    /// Calls `examine` with a reader of the object, which has `size` bytes, on a thread that may
    /// block.
    ///
    /// # Errors
    /// Returns an error if the object store fails.
    pub(crate) async fn examine<T: Send + 'static>(
        &self,
        size: u64,
        examine: impl FnOnce(&ObjectReader) -> T + Send + 'static,
    ) -> Result<T, EvidenceStoreError> {
        let (object, runtime) = (self.encrypted(size), Handle::current());
        let reader = ObjectReader { object, runtime, chunk: Mutex::new(None), failure: OnceLock::new() };
        let examined = tokio::task::spawn_blocking(move || {
            let result = examine(&reader);
            reader.failure.into_inner().map_or(Ok(result), Err)
        });
        examined.await.unwrap_or_else(|error| Err(object_store::Error::from(error).into()))
    }

    /// Reads the object, which has `size` bytes, in order.
    pub(crate) fn read(&self, size: u64) -> impl Stream<Item = Result<Bytes, EvidenceStoreError>> + Send + use<> {
        self.encrypted(size).into_stream()
    }

    fn encrypted(&self, size: u64) -> EncryptedObject {
        let (store, cipher) = (self.object.store.clone(), self.cipher.clone());
        EncryptedObject { store, path: incoming_path(self.id), cipher, size }
    }

    /// Stores the object under its final name. If the returned future is dropped before it is
    /// ready, the object is deleted.
    ///
    /// # Errors
    /// Returns an error if the object store fails or an object with this id already exists.
    pub(crate) async fn publish(self) -> Result<(), EvidenceStoreError> {
        let Self { object, id, .. } = self;
        // As in `complete`: the object store renames the object even if the caller is gone.
        let renamed = tokio::spawn(async move {
            let (store, path) = (object.store.clone(), stored_path(id));
            store.objects.rename_if_not_exists(&incoming_path(id), &path).await?;
            object.keep();
            Ok::<_, object_store::Error>(TemporaryObject { store, path: Some(path) })
        });
        renamed.await.map_err(object_store::Error::from)??.keep();
        Ok(())
    }

    /// Removes the object. Errors are only logged, because the sweeper removes it later.
    pub(crate) async fn discard(self) {
        // If the returned future is dropped, the object is deleted too, because it is not kept yet.
        self.object.store.delete_or_log(&incoming_path(self.id)).await;
        self.object.keep();
    }
}

impl TemporaryObject {
    /// Leaves the object in the store.
    fn keep(mut self) {
        self.path = None;
    }
}

impl Drop for TemporaryObject {
    fn drop(&mut self) {
        let (Some(path), Ok(runtime)) = (self.path.take(), Handle::try_current()) else { return };
        let store = self.store.clone();
        runtime.spawn(async move { store.delete_or_log(&path).await });
    }
}

/// An object with what is needed to decrypt it.
struct EncryptedObject {
    store: EvidenceStore,
    path: Path,
    cipher: DocumentCipher,
    /// The number of bytes of the document.
    size: u64,
}

impl EncryptedObject {
    /// Checks that the object exists and has the size that follows from the document's size.
    async fn check_size(&self) -> Result<(), EvidenceStoreError> {
        let size = self.store.objects.head(&self.path).await.map_err(read_error)?.size;
        if size == encrypted_size(self.size) { Ok(()) } else { Err(EvidenceStoreError::Damaged(Damage::Size)) }
    }

    /// Reads the chunks in order. The stream ends with an error at the first chunk that was
    /// changed.
    fn into_stream(self) -> impl Stream<Item = Result<Bytes, EvidenceStoreError>> + Send + use<> {
        stream::try_unfold((self, 0), async |(object, position)| {
            let end = (position + CHUNKS_PER_READ).min(last_position(object.size) + 1);
            if position == end {
                return Ok(None);
            }
            let bytes = object.read_chunks(position, end).await?;
            Ok(Some((Bytes::from(bytes), (object, end))))
        })
    }

    /// Reads the chunks from the position `first` to the one before `end`.
    async fn read_chunks(&self, first: u64, end: u64) -> Result<Vec<u8>, EvidenceStoreError> {
        let bytes_end = (end * ENCRYPTED_CHUNK_BYTES).min(encrypted_size(self.size));
        let range = first * ENCRYPTED_CHUNK_BYTES..bytes_end;
        let encrypted = self.store.objects.get_range(&self.path, range).await.map_err(read_error)?;
        let mut bytes = Vec::with_capacity(encrypted.len());
        let chunk_bytes = usize::try_from(ENCRYPTED_CHUNK_BYTES).unwrap_or(usize::MAX);
        for (position, chunk) in (first..end).zip(encrypted.chunks(chunk_bytes)) {
            let is_last = position == last_position(self.size);
            let position = u32::try_from(position).map_err(|_| EvidenceStoreError::Cipher)?;
            bytes.extend(self.cipher.decrypt(position, is_last, chunk)?);
        }
        Ok(bytes)
    }
}

/// Reads any part of an object. Its reads block the thread.
pub(crate) struct ObjectReader {
    object: EncryptedObject,
    /// The Tokio runtime that the blocked thread waits for.
    runtime: Handle,
    /// The chunk that was read last, with its position.
    chunk: Mutex<Option<(u64, Vec<u8>)>>,
    /// The first error of the object store.
    failure: OnceLock<EvidenceStoreError>,
}

impl ReaderAt for ObjectReader {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> std::io::Result<usize> {
        if offset >= self.object.size {
            return Ok(0);
        }
        let position = offset / CHUNK_BYTES;
        let mut cached = self.chunk.lock().unwrap_or_else(PoisonError::into_inner);
        let chunk = match cached.take().filter(|(cached_position, _)| *cached_position == position) {
            Some((_, chunk)) => chunk,
            None => self.runtime.block_on(self.object.read_chunks(position, position + 1)).map_err(|error| {
                let io_error = std::io::Error::other(error.to_string());
                let _first = self.failure.set(error);
                io_error
            })?,
        };
        let start = usize::try_from(offset % CHUNK_BYTES).unwrap_or(usize::MAX);
        let available = chunk.get(start..).unwrap_or_default();
        let count = available.len().min(buffer.len());
        buffer[..count].copy_from_slice(&available[..count]);
        *cached = Some((position, chunk));
        Ok(count)
    }
}

/// Converts an error that occurs when an object is read.
fn read_error(error: object_store::Error) -> EvidenceStoreError {
    let is_missing = matches!(error, object_store::Error::NotFound { .. });
    if is_missing { EvidenceStoreError::Damaged(Damage::Missing) } else { error.into() }
}

fn file_error(source: std::io::Error) -> object_store::Error {
    object_store::Error::Generic { store: "LocalFileSystem", source: source.into() }
}

/// Deletes the files of a directory that are older than `before`. These are objects that a process
/// was writing when it ended, which the object store does not list.
fn delete_files(directory: &std::path::Path, before: Timestamp) -> std::io::Result<()> {
    let entries = match std::fs::read_dir(directory) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        // Another replica may delete the file at the same moment.
        let Ok(modified) = entry.metadata().and_then(|metadata| metadata.modified()) else { continue };
        if Timestamp::from(modified) < before {
            match std::fs::remove_file(entry.path()) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
                Ok(()) | Err(_) => {}
            }
        }
    }
    Ok(())
}

/// Returns the path of an object while it is being written.
fn incoming_path(id: EvidenceId) -> Path {
    Path::from_iter([INCOMING.to_owned(), id.to_string()])
}

/// Returns the path of a stored object.
fn stored_path(id: EvidenceId) -> Path {
    Path::from_iter([STORED.to_owned(), id.to_string()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{task::Poll, time::Duration};
    use uuid::Uuid;

    const ID: EvidenceId = EvidenceId(Uuid::from_u128(7));

    fn cipher() -> DocumentCipher {
        DocumentCipher::new(&[7; 32]).unwrap()
    }

    async fn read(store: &EvidenceStore, size: usize) -> Result<Vec<u8>, EvidenceStoreError> {
        let parts: Vec<Bytes> = store.read(ID, cipher(), size as u64).await?.try_collect().await?;
        Ok(parts.concat())
    }

    async fn write(store: &EvidenceStore, bytes: &[u8], message_bytes: usize) -> Result<(), EvidenceStoreError> {
        let mut writer = store.write(ID, cipher()).await?;
        for message in bytes.chunks(message_bytes) {
            writer.add(Bytes::copy_from_slice(message)).await?;
        }
        writer.complete().await?.publish().await
    }

    #[tokio::test]
    async fn an_object_is_read_back_and_never_overwritten() {
        let directory = tempfile::tempdir().unwrap();
        let store = EvidenceStore::in_directory(&directory.path().join("evidence")).unwrap();
        write(&store, b"first", 5).await.unwrap();
        assert!(write(&store, b"second", 6).await.is_err());
        assert_eq!(read(&store, 5).await.unwrap(), b"first");
        store.delete(ID).await.unwrap();
        assert!(read(&store, 5).await.is_err());
        store.delete(ID).await.unwrap();
    }

    #[tokio::test]
    async fn documents_of_every_size_are_read_back() {
        let directory = tempfile::tempdir().unwrap();
        let store = EvidenceStore::in_directory(directory.path()).unwrap();
        let chunk = usize::try_from(CHUNK_BYTES).unwrap();
        for size in [1, chunk - 1, chunk, chunk + 1, 16 * chunk, 17 * chunk + 5, 40 * chunk] {
            let bytes: Vec<u8> = (0..size).map(|n| n.to_le_bytes()[1]).collect();
            for message_bytes in [chunk, 100_000, 1 << 20] {
                write(&store, &bytes, message_bytes).await.unwrap();
                assert!(read(&store, size).await.unwrap() == bytes, "{size} in messages of {message_bytes}");
                let stored = std::fs::read(directory.path().join(stored_path(ID).to_string())).unwrap();
                assert_eq!(stored.len() as u64, encrypted_size(size as u64));
                store.delete(ID).await.unwrap();
            }
        }
    }

    #[tokio::test]
    async fn changed_objects_are_detected() {
        let directory = tempfile::tempdir().unwrap();
        let store = EvidenceStore::in_directory(directory.path()).unwrap();
        let chunk = usize::try_from(CHUNK_BYTES).unwrap();
        let size = 3 * chunk;
        write(&store, &vec![42; size], chunk).await.unwrap();
        let file = directory.path().join(stored_path(ID).to_string());
        let stored = std::fs::read(&file).unwrap();
        let encrypted_chunk = chunk + 16;
        let edited = [&stored[..chunk], &[stored[chunk] ^ 1], &stored[chunk + 1..]].concat();
        let swapped =
            [&stored[encrypted_chunk..2 * encrypted_chunk], &stored[..encrypted_chunk], &stored[2 * encrypted_chunk..]];
        for (changed, expected) in [
            (edited, Damage::Changed),
            (swapped.concat(), Damage::Changed),
            (stored[..2 * encrypted_chunk].to_vec(), Damage::Size),
            (stored[..stored.len() - 1].to_vec(), Damage::Size),
            ([&stored[..], b"x"].concat(), Damage::Size),
        ] {
            std::fs::write(&file, changed).unwrap();
            let error = read(&store, size).await.unwrap_err();
            assert!(matches!(error, EvidenceStoreError::Damaged(damage) if damage == expected), "{error}");
        }
        std::fs::remove_file(&file).unwrap();
        let error = read(&store, size).await.unwrap_err();
        assert!(matches!(error, EvidenceStoreError::Damaged(Damage::Missing)), "{error}");
        // The truncated object is not taken for a document with fewer bytes.
        std::fs::write(&file, &stored[..2 * encrypted_chunk]).unwrap();
        assert!(read(&store, 2 * chunk).await.is_err());
    }

    /// Polls a future at most `polls` times and then drops it. Returns whether it was ready.
    async fn cancel_after<T>(polls: usize, future: impl Future<Output = T>) -> bool {
        let mut future = std::pin::pin!(future);
        let mut polled = 0;
        std::future::poll_fn(|context| {
            polled += 1;
            match future.as_mut().poll(context) {
                Poll::Ready(_) => Poll::Ready(true),
                Poll::Pending if polled == polls => Poll::Ready(false),
                Poll::Pending => Poll::Pending,
            }
        })
        .await
    }

    /// Waits until the store contains no file.
    async fn wait_until_empty(directory: &std::path::Path) {
        let files = || {
            let folders = [INCOMING, STORED].map(|folder| std::fs::read_dir(directory.join(folder)));
            folders.into_iter().flatten().map(Iterator::count).sum::<usize>()
        };
        let emptied = async {
            while files() > 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), emptied).await.expect("all objects are deleted");
    }

    #[tokio::test]
    async fn objects_of_cancelled_calls_are_deleted() {
        let directory = tempfile::tempdir().unwrap();
        let store = EvidenceStore::in_directory(directory.path()).unwrap();
        let begun = async || {
            let mut writer = store.write(ID, cipher()).await.unwrap();
            writer.add(Bytes::from_static(b"proof")).await.unwrap();
            writer
        };
        for polls in 1..6 {
            // If the object is completed, it is dropped.
            cancel_after(polls, begun().await.complete()).await;
            wait_until_empty(directory.path()).await;
        }
        for polls in 1..6 {
            let object = begun().await.complete().await.unwrap();
            if cancel_after(polls, object.publish()).await {
                assert_eq!(read(&store, 5).await.unwrap(), b"proof");
                store.delete(ID).await.unwrap();
            }
            wait_until_empty(directory.path()).await;
        }
        begun().await.complete().await.unwrap().discard().await;
        wait_until_empty(directory.path()).await;
    }

    #[tokio::test]
    async fn replicas_can_delete_old_objects_at_the_same_time() {
        let directory = tempfile::tempdir().unwrap();
        let store = EvidenceStore::in_directory(directory.path()).unwrap();
        for n in 0..100 {
            let writer = store.write(EvidenceId(Uuid::from_u128(n)), cipher()).await.unwrap();
            // A killed process runs no destructor.
            std::mem::forget(writer.complete().await.unwrap());
        }
        let before: Timestamp = "2100-01-01T00:00:00Z".parse().unwrap();
        let replicas = [(); 4].map(|()| store.delete_incoming(before));
        futures_util::future::try_join_all(replicas).await.unwrap();
        wait_until_empty(directory.path()).await;
    }

    #[tokio::test]
    async fn objects_that_a_killed_process_was_writing_are_removed() {
        let directory = tempfile::tempdir().unwrap();
        let store = EvidenceStore::in_directory(directory.path()).unwrap();
        let mut writer = store.write(ID, cipher()).await.unwrap();
        writer.add(Bytes::from(vec![0; 3 << 20])).await.unwrap();
        // A killed process runs no destructor.
        std::mem::forget(writer);
        let files = || std::fs::read_dir(directory.path().join(INCOMING)).unwrap().count();
        assert_eq!(files(), 1);
        store.delete_incoming("2020-01-01T00:00:00Z".parse().unwrap()).await.unwrap();
        assert_eq!(files(), 1, "it is not old enough");
        store.delete_incoming("2100-01-01T00:00:00Z".parse().unwrap()).await.unwrap();
        assert_eq!(files(), 0);
    }
}
