//! Where the bytes lie: an object for each document, under its id. An object is written once and never overwritten.
use bytes::Bytes;
use cpor_types::EvidenceId;
use futures_util::{Stream, StreamExt as _, TryStreamExt as _};
use object_store::{ObjectStore, ObjectStoreExt as _, WriteMultipart, local::LocalFileSystem, path::Path};
use std::sync::Arc;

/// The store of documents: a local directory here, whatever `object_store` reaches elsewhere. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Objects(Arc<dyn ObjectStore>);

/// The store failed. For the log, not for callers.
#[derive(Debug, thiserror::Error)]
#[error("the document store failed: {0}")]
pub(crate) struct ObjectError(#[from] object_store::Error);

/// Bytes on their way into an object. Dropped before [`Writing::finish`], it leaves no object.
pub(crate) struct Writing {
    store: Objects,
    id: EvidenceId,
    parts: WriteMultipart,
}

/// Bytes kept in memory before they are handed on, at most, and how many such parts may be on their way. (S3 takes no
/// smaller parts.)
const PART_BYTES: usize = 5 << 20;
const PARTS_IN_FLIGHT: usize = 1;

impl Objects {
    /// In a directory, which is created if it is missing; every object is on disk before it counts as stored.
    ///
    /// # Errors
    /// The directory cannot be created.
    pub(crate) fn in_directory(directory: &std::path::Path) -> Result<Self, ObjectError> {
        let failed = |source: std::io::Error| {
            ObjectError(object_store::Error::Generic { store: "LocalFileSystem", source: source.into() })
        };
        std::fs::create_dir_all(directory).map_err(failed)?;
        Ok(Self(Arc::new(LocalFileSystem::new_with_prefix(directory)?.with_fsync(true))))
    }

    /// Begins to write an object.
    ///
    /// # Errors
    /// The store's.
    pub(crate) async fn write(&self, id: EvidenceId) -> Result<Writing, ObjectError> {
        let upload = self.0.put_multipart(&incoming(id)).await?;
        let parts = WriteMultipart::new_with_chunk_size(upload, PART_BYTES);
        Ok(Writing { store: self.clone(), id, parts })
    }

    /// The bytes of an object, in order.
    ///
    /// # Errors
    /// The store's; there is no such object.
    pub(crate) async fn read(
        &self,
        id: EvidenceId,
    ) -> Result<impl Stream<Item = Result<Bytes, ObjectError>> + Send + use<>, ObjectError> {
        Ok(self.0.get(&stored(id)).await?.into_stream().map_err(ObjectError).boxed())
    }

    /// Deletes what there is of an object; for the sweeper alone.
    ///
    /// # Errors
    /// The store's.
    pub(crate) async fn delete(&self, id: EvidenceId) -> Result<(), ObjectError> {
        for path in [incoming(id), stored(id)] {
            match self.0.delete(&path).await {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}

impl Writing {
    /// Adds bytes, waiting while the store is slower than the caller.
    ///
    /// # Errors
    /// The store's.
    pub(crate) async fn add(&mut self, bytes: Bytes) -> Result<(), ObjectError> {
        self.parts.wait_for_capacity(PARTS_IN_FLIGHT).await?;
        self.parts.put(bytes);
        Ok(())
    }

    /// Makes the object: complete, on disk, and only if there is none under this id.
    ///
    /// # Errors
    /// The store's; there is such an object.
    pub(crate) async fn finish(self) -> Result<(), ObjectError> {
        let Self { store: Objects(store), id, parts } = self;
        parts.finish().await?;
        Ok(store.rename_if_not_exists(&incoming(id), &stored(id)).await?)
    }

    /// Gives up; best effort, since the sweeper comes anyway.
    pub(crate) async fn abort(self) {
        if let Err(error) = self.parts.abort().await {
            tracing::warn!(%error, "an upload could not be taken back");
        }
    }
}

fn incoming(id: EvidenceId) -> Path {
    Path::from_iter(["incoming".to_owned(), id.to_string()])
}

fn stored(id: EvidenceId) -> Path {
    Path::from_iter(["stored".to_owned(), id.to_string()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[tokio::test]
    async fn an_object_is_read_back_and_never_overwritten() {
        let directory = tempfile::tempdir().unwrap();
        let objects = Objects::in_directory(&directory.path().join("evidence")).unwrap();
        let id = EvidenceId(Uuid::from_u128(7));
        let write = async |bytes: &'static [u8]| {
            let mut writing = objects.write(id).await.unwrap();
            writing.add(Bytes::from_static(bytes)).await.unwrap();
            writing.finish().await
        };
        write(b"first").await.unwrap();
        assert!(write(b"second").await.is_err());
        let read: Vec<Bytes> = objects.read(id).await.unwrap().try_collect().await.unwrap();
        assert_eq!(read.concat(), b"first");
        objects.delete(id).await.unwrap();
        assert!(objects.read(id).await.is_err());
        objects.delete(id).await.unwrap();
    }
}
