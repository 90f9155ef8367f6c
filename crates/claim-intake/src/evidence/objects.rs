//! Stores the bytes of documents in an object store, one object per document under the document's
//! id. An object is written once and never overwritten.
use bytes::Bytes;
use cpor_types::{EvidenceId, Timestamp};
use futures_util::{Stream, StreamExt as _, TryStreamExt as _};
use object_store::{ObjectStore, ObjectStoreExt as _, WriteMultipart, local::LocalFileSystem, path::Path};
use rawzip::ReaderAt;
use std::sync::{Arc, OnceLock};
use tokio::runtime::Handle;

/// The store of the documents' bytes. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct EvidenceStore(Arc<dyn ObjectStore>);

/// An error of the evidence store. The text is for the log, not for callers.
#[derive(Debug, thiserror::Error)]
#[error("the evidence store failed: {0}")]
pub(crate) struct EvidenceStoreError(#[from] object_store::Error);

/// Writes one object. If it is dropped before [`ObjectWriter::complete`], no object is stored.
pub(crate) struct ObjectWriter {
    /// The store that will contain the object.
    store: EvidenceStore,
    /// The id of the document.
    id: EvidenceId,
    /// Sends the bytes to the object store in parts.
    parts: WriteMultipart,
}

/// An object with all its bytes, which is not stored under its final name yet. If it is dropped,
/// the sweeper removes it later.
pub(crate) struct CompleteObject {
    /// The store that contains the object.
    store: EvidenceStore,
    /// The id of the document.
    id: EvidenceId,
}

/// The folder of the objects that are not stored under their final names yet.
const INCOMING: &str = "incoming";
/// The folder of the stored objects.
const STORED: &str = "stored";

/// The number of bytes that are buffered before they are sent to the object store. S3 accepts no
/// smaller parts.
const PART_BYTES: usize = 5 << 20;
/// The maximum number of parts that are being sent to the object store at the same time.
const PARTS_IN_FLIGHT: usize = 1;

impl EvidenceStore {
    /// Opens a store in a local directory and creates the directory if it is missing. Objects are
    /// synced to disk before they count as stored.
    ///
    /// # Errors
    /// Returns an error if the directory cannot be created or used.
    pub(crate) fn in_directory(directory: &std::path::Path) -> Result<Self, EvidenceStoreError> {
        let create_error = |source: std::io::Error| {
            EvidenceStoreError(object_store::Error::Generic { store: "LocalFileSystem", source: source.into() })
        };
        cpor_process::private_files::create_directory(directory).map_err(create_error)?;
        Ok(Self(Arc::new(LocalFileSystem::new_with_prefix(directory)?.with_fsync(true))))
    }

    /// Starts to write the object of the document `id`.
    ///
    /// # Errors
    /// Returns an error if the object store fails.
    pub(crate) async fn write(&self, id: EvidenceId) -> Result<ObjectWriter, EvidenceStoreError> {
        let upload = self.0.put_multipart(&incoming_path(id)).await?;
        let parts = WriteMultipart::new_with_chunk_size(upload, PART_BYTES);
        Ok(ObjectWriter { store: self.clone(), id, parts })
    }

    /// Reads the bytes of the object of the document `id`, in order.
    ///
    /// # Errors
    /// Returns an error if the object store fails or the object does not exist.
    pub(crate) async fn read(
        &self,
        id: EvidenceId,
    ) -> Result<impl Stream<Item = Result<Bytes, EvidenceStoreError>> + Send + use<>, EvidenceStoreError> {
        Ok(self.0.get(&stored_path(id)).await?.into_stream().map_err(EvidenceStoreError).boxed())
    }

    /// Deletes the objects that are complete and were never stored, if they are older than
    /// `before`.
    ///
    /// # Errors
    /// Returns an error if the object store fails.
    pub(crate) async fn delete_incoming(&self, before: Timestamp) -> Result<(), EvidenceStoreError> {
        let incoming = Path::from(INCOMING);
        let mut objects = self.0.list(Some(&incoming));
        while let Some(object) = objects.try_next().await? {
            if object.last_modified < before {
                self.0.delete(&object.location).await?;
            }
        }
        Ok(())
    }

    /// Deletes the object of the document `id`, whether it is complete or not. It is not an error
    /// if there is no object. Only the sweeper, which removes abandoned uploads, deletes objects.
    ///
    /// # Errors
    /// Returns an error if the object store fails.
    pub(crate) async fn delete(&self, id: EvidenceId) -> Result<(), EvidenceStoreError> {
        for path in [incoming_path(id), stored_path(id)] {
            match self.0.delete(&path).await {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}

impl ObjectWriter {
    /// Adds the next bytes. Waits if the object store is slower than the caller.
    ///
    /// # Errors
    /// Returns an error if the object store fails.
    pub(crate) async fn add(&mut self, bytes: Bytes) -> Result<(), EvidenceStoreError> {
        self.parts.wait_for_capacity(PARTS_IN_FLIGHT).await?;
        self.parts.put(bytes);
        Ok(())
    }

    /// Completes the object and syncs it to disk.
    ///
    /// # Errors
    /// Returns an error if the object store fails.
    pub(crate) async fn complete(self) -> Result<CompleteObject, EvidenceStoreError> {
        let Self { store, id, parts } = self;
        parts.finish().await?;
        Ok(CompleteObject { store, id })
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
        let (store, path, runtime) = (self.store.clone(), incoming_path(self.id), Handle::current());
        let reader = ObjectReader { store, path, size, runtime, failure: OnceLock::new() };
        let examined = tokio::task::spawn_blocking(move || {
            let result = examine(&reader);
            reader.failure.into_inner().map_or(Ok(result), Err)
        });
        Ok(examined.await.unwrap_or_else(|error| Err(error.into()))?)
    }

    /// Stores the object under its final name.
    ///
    /// # Errors
    /// Returns an error if the object store fails or an object with this id already exists.
    pub(crate) async fn publish(self) -> Result<(), EvidenceStoreError> {
        let Self { store: EvidenceStore(store), id } = self;
        Ok(store.rename_if_not_exists(&incoming_path(id), &stored_path(id)).await?)
    }

    /// Removes the object. Errors are only logged, because the sweeper removes it later.
    pub(crate) async fn discard(self) {
        if let Err(error) = self.store.0.delete(&incoming_path(self.id)).await {
            tracing::warn!(%error, "a refused upload could not be removed");
        }
    }
}

/// Reads any part of an object. Its reads block the thread.
pub(crate) struct ObjectReader {
    store: EvidenceStore,
    path: Path,
    /// The number of bytes of the object.
    size: u64,
    runtime: Handle,
    /// The first error of the object store.
    failure: OnceLock<object_store::Error>,
}

impl ReaderAt for ObjectReader {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> std::io::Result<usize> {
        let end = self.size.min(offset.saturating_add(buffer.len() as u64));
        if offset >= end {
            return Ok(0);
        }
        let read = self.runtime.block_on(self.store.0.get_range(&self.path, offset..end));
        let bytes = read.map_err(|error| {
            let text = std::io::Error::other(error.to_string());
            let _first = self.failure.set(error);
            text
        })?;
        buffer[..bytes.len()].copy_from_slice(&bytes);
        Ok(bytes.len())
    }
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
    use uuid::Uuid;

    #[tokio::test]
    async fn an_object_is_read_back_and_never_overwritten() {
        let directory = tempfile::tempdir().unwrap();
        let store = EvidenceStore::in_directory(&directory.path().join("evidence")).unwrap();
        let id = EvidenceId(Uuid::from_u128(7));
        let write = async |bytes: &'static [u8]| {
            let mut writer = store.write(id).await.unwrap();
            writer.add(Bytes::from_static(bytes)).await.unwrap();
            writer.complete().await.unwrap().publish().await
        };
        write(b"first").await.unwrap();
        assert!(write(b"second").await.is_err());
        let read: Vec<Bytes> = store.read(id).await.unwrap().try_collect().await.unwrap();
        assert_eq!(read.concat(), b"first");
        store.delete(id).await.unwrap();
        assert!(store.read(id).await.is_err());
        store.delete(id).await.unwrap();
    }
}
