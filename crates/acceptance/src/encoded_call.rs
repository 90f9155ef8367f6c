//! Calls any method with encoded messages, for tests that are generated from the proto descriptors.

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

/// Sends one message. Returns the metadata and all messages of the response. In gRPC a unary call
/// looks like a stream of one message, so this function can call all methods.
///
/// # Errors
/// Returns the status if the method returns an error.
pub async fn call(actor: &Actor, method: &Method, message: Vec<u8>) -> Result<(MetadataMap, Vec<Bytes>), Status> {
    let mut client = Grpc::new(actor.channel(method.service));
    client.ready().await.map_err(|error| Status::unknown(error.to_string()))?;
    let path = method.path.parse().expect("a path");
    let mut request = Request::new(tokio_stream::once(Bytes::from(message)));
    if method.name.starts_with("Watch") {
        // A watch has no end of its own. The server ends it before the timeout.
        request.set_timeout(Duration::from_millis(1200));
    }
    let (metadata, mut stream, _) = client.streaming(request, path, BytesCodec).await?.into_parts();
    let mut messages = Vec::new();
    while let Some(message) = stream.message().await? {
        messages.push(message);
    }
    Ok((metadata, messages))
}

/// Encodes a message that is given as JSON.
///
/// # Panics
/// Panics if the JSON does not match the type of the message.
#[must_use]
#[track_caller]
pub fn encode(message: &MessageDescriptor, json: &serde_json::Value) -> Vec<u8> {
    let dynamic = DynamicMessage::deserialize(message.clone(), json);
    dynamic.unwrap_or_else(|error| panic!("{}: {error}: {json}", message.full_name())).encode_to_vec()
}

/// Decodes a message of a response.
#[must_use]
pub fn decode(message: &MessageDescriptor, bytes: &Bytes) -> DynamicMessage {
    DynamicMessage::decode(message.clone(), bytes.clone()).expect("a message of the declared type")
}

/// A codec that passes messages on as bytes.
#[derive(Clone, Copy, Debug, Default)]
struct BytesCodec;

impl Codec for BytesCodec {
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

impl Encoder for BytesCodec {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, target: &mut EncodeBuf<'_>) -> Result<(), Status> {
        target.put(item);
        Ok(())
    }
}

impl Decoder for BytesCodec {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, source: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(source.copy_to_bytes(source.remaining())))
    }
}
