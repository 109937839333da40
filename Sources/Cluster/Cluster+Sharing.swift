internal import Compute
internal import Coordination
internal import Datasets
internal import Foundation

/// What workers need of a job, beside its description: see ``Blob``.
extension Cluster {
  private static let checkpointInterval: Milliseconds = 2_000

  /// Makes something known to those who will need it.
  /// - Parameter isPinned: until it is withdrawn; else until enough others of its kind have come
  /// - Returns: its name in a ``JobDescription``
  /// - Throws: ``FileError`` if there is no room for it
  func share(_ blob: Blob, isPinned: Bool = false) throws -> SHA256 {
    // The same images are what many jobs are about. Equal arrays are known quickly as long as they are the same memory.
    if case .images(let images) = blob, let known = sharedImages.first(where: { $0.images == images }) {
      return known.name
    }
    let name: SHA256
    if settings.listen != nil {
      name = server.add(blob, isPinned: isPinned)
    } else {
      // It is not sent, so nobody need know it by its digest.
      name = .random()
      if sharedFolder == nil { store.add(blob, name: name, isPinned: isPinned) }
      try sharedFolder?.add(blob, name: name, isPinned: isPinned)
    }
    if case .images(let images) = blob { sharedImages = sharedImages.suffix(Blob.keptImages - 1) + [(images, name)] }
    return name
  }

  /// Nobody needs it any longer.
  func withdraw(_ name: SHA256) {
    server.remove(name)
    sharedFolder?.remove(name)
    store.remove(name)
  }

  /// A training has come further: who joins from now on begins there, and not at its beginning.
  func publishCheckpoint(_ tensors: [Tensor], for description: JobDescription) {
    guard !settings.isOneProcess, now >= nextCheckpointTime else { return }
    nextCheckpointTime = now + Self.checkpointInterval
    var description = description
    guard let name = try? share(.checkpoint(tensors)) else { return }
    description.checkpoint = .init(name.bytes)
    updateDescription(of: coordinator.lastJob, to: description)
  }
}
