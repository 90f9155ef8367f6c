//! Calls of any method with any message, as bytes: for tests that are generated from the descriptors.

use std::time::Duration;

use bytes::{Buf as _, BufMut as _, Bytes};
use prost::Message as _;
use prost_reflect::{DynamicMessage, MessageDescriptor};
use tonic::{
    Request, Status,
    client::Grpc,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
    metadata::MetadataMap,
};

use crate::{Actor, Method};

/// Sends one message and gathers every message of the answer. On the wire a unary call and a stream of one message are the same.
///
/// # Errors
/// As the method's.
pub async fn call(actor: &Actor, method: &Method, message: Vec<u8>) -> Result<(MetadataMap, Vec<Bytes>), Status> {
    let mut client = Grpc::new(actor.channel(method.service));
    client.ready().await.map_err(|error| Status::unknown(error.to_string()))?;
    let path = method.path.parse().expect("a path");
    let mut request = Request::new(tokio_stream::once(Bytes::from(message)));
    if method.name == "WatchClaims" {
        // It goes on as long as it may, and ends well a second before.
        request.set_timeout(Duration::from_millis(1200));
    }
    let (metadata, mut stream, _) = client.streaming(request, path, Raw).await?.into_parts();
    let mut messages = Vec::new();
    while let Some(message) = stream.message().await? {
        messages.push(message);
    }
    Ok((metadata, messages))
}

/// A message written as JSON, encoded.
///
/// # Panics
/// When the message has no such field.
#[must_use]
#[track_caller]
pub fn encode(message: &MessageDescriptor, json: &serde_json::Value) -> Vec<u8> {
    let dynamic = DynamicMessage::deserialize(message.clone(), json);
    dynamic.unwrap_or_else(|error| panic!("{}: {error}: {json}", message.full_name())).encode_to_vec()
}

/// A message of the answer.
#[must_use]
pub fn decode(message: &MessageDescriptor, bytes: &Bytes) -> DynamicMessage {
    DynamicMessage::decode(message.clone(), bytes.clone()).expect("a message of the declared type")
}

#[derive(Clone, Copy, Debug, Default)]
struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, target: &mut EncodeBuf<'_>) -> Result<(), Status> {
        target.put(item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, source: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(source.copy_to_bytes(source.remaining())))
    }
}
