internal import Compute
internal import Coordination
internal import Datasets
internal import Foundation

/// Publishes the blobs that a job's description refers to.
extension Cluster {
  private static let checkpointInterval: Milliseconds = 2_000

  /// Makes a blob available to workers.
  /// - Parameter isPinned: Whether to keep the blob until it is withdrawn; otherwise newer blobs of its kind replace
  ///   it.
  /// - Returns: The blob's name in a ``JobDescription``.
  /// - Throws: ``FileError`` if it cannot be written.
  func share(_ blob: Blob, isPinned: Bool = false) throws -> SHA256 {
    // Many jobs use the same images. Comparing equal arrays is fast while they share their memory.
    if case .images(let images) = blob, let known = sharedImages.first(where: { $0.images == images }) {
      return known.name
    }
    let name: SHA256
    if hasRemoteWorkers {
      name = server.add(blob, isPinned: isPinned)
    } else {
      // The blob is not sent, so its name need not be its digest.
      name = .random()
      if sharedFolder == nil { store.add(blob, name: name, isPinned: isPinned) }
      try sharedFolder?.add(blob, name: name, isPinned: isPinned)
    }
    if case .images(let images) = blob { sharedImages = sharedImages.suffix(Blob.keptImages - 1) + [(images, name)] }
    return name
  }

  /// Removes a blob that is no longer needed.
  func withdraw(_ name: SHA256) {
    server.remove(name)
    sharedFolder?.remove(name)
    store.remove(name)
  }

  /// Publishes the current state of a training, at which workers that join later begin.
  func publishCheckpoint(_ tensors: [Tensor], for description: JobDescription) {
    guard !settings.isOneProcess, now >= nextCheckpointTime else { return }
    nextCheckpointTime = now + Self.checkpointInterval
    var description = description
    guard let name = try? share(.checkpoint(tensors)) else { return }
    description.checkpoint = .init(name.bytes)
    updateDescription(of: coordinator.lastJob, to: description)
  }
}
