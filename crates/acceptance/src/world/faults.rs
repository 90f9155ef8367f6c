//! What befalls a system.

use cpor_types::Service;

use super::World;

impl World {
    /// Every process ends in order.
    pub async fn stop_all(&self) {
        for node in &self.nodes {
            node.stop().await;
        }
    }

    /// Every process starts.
    pub async fn start_all(&self) {
        for process in 0..self.nodes.len() {
            self.start(process).await;
        }
    }

    /// The process that hosts a service is dropped in the middle of its work and started again on the same data.
    pub async fn crash(&self, service: Service) {
        let process = self.process_of(service);
        self.nodes[process].kill().await;
        self.start(process).await;
    }
}
