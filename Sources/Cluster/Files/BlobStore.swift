internal import Files
internal import Foundation
internal import Models
internal import Synchronization

/// The blobs of this process and the names of those that it waits for. Computing threads request blobs, and another
/// thread downloads them.
package final class BlobStore: Sendable {
  private struct State {
    var recent = RecentBlobs<(name: SHA256, blob: Blob)>()
    /// Blobs that are kept until they are removed explicitly.
    var pinned: [(name: SHA256, blob: Blob)] = []
    /// Downloaded files, one entry for each waiting thread. nil bytes: the file is not available.
    var files: [(name: SHA256, bytes: [UInt8]?)] = []
    /// Names of the files that threads wait for, one entry for each thread.
    var wanted: [SHA256] = []
    /// Names of the files that contain images, which are worth caching for other jobs.
    var imageNames: Set<SHA256> = []

    /// Returns nil if the file has not arrived yet, and `.some(nil)` if it is not available.
    mutating func takeFile(_ name: SHA256) -> [UInt8]?? {
      files.firstIndex { $0.name == name }.map { files.remove(at: $0).bytes }
    }
  }

  private let state = Mutex(State())
  private let changed = NSCondition()
  /// Whether another thread downloads missing files.
  private let isFetched: Bool

  /// - Parameter isFetched: Whether another thread downloads missing files; otherwise requesting one is an error.
  package init(isFetched: Bool = true) { self.isFetched = isFetched }

  /// Adds a decoded blob.
  /// - Parameter isPinned: Whether to keep the blob until it is removed explicitly.
  package func add(_ blob: Blob, name: SHA256, isPinned: Bool = false) {
    state.withLock { state in
      if isPinned {
        state.pinned = state.pinned.filter { $0.name != name } + [(name, blob)]
      } else {
        state.recent.removeAll { $0.name == name }
        state.recent.add((name, blob), for: blob)
      }
    }
  }

  func remove(_ name: SHA256) { state.withLock { $0.pinned.removeAll { $0.name == name } } }

  /// Hands a downloaded file to the threads that wait for it. It is dropped if no thread waits any longer.
  /// - Parameter bytes: nil if the coordinator no longer has the file.
  package func add(file bytes: [UInt8]?, name: SHA256) {
    state.withLock { state in
      state.files += state.wanted.filter { $0 == name }.map { ($0, bytes) }
      state.wanted.removeAll { $0 == name }
    }
    changed.lock()
    changed.broadcast()
    changed.unlock()
  }

  /// Whether a thread has requested the file as images.
  func areImages(_ name: SHA256) -> Bool { state.withLock { $0.imageNames.contains(name) } }

  /// The names of the files that threads wait for, one entry for each thread.
  package var wanted: [SHA256] { state.withLock { $0.wanted } }

  /// Waits for the images with this name, and returns them. The following functions do the same for other kinds of
  /// blobs.
  /// - Throws: `CancellationError`; ``FileError`` if the file is damaged or not available.
  package func images(_ name: SHA256, isCancelled: () -> Bool) throws -> Blob {
    state.withLock { _ = $0.imageNames.insert(name) }
    return try blob(name, isCancelled) { file, title throws(FileError) in .images(try Blob.images(file, name: title)) }
  }

  package func model(_ name: SHA256, isCancelled: () -> Bool) throws -> Blob {
    try blob(name, isCancelled) { file, title throws(FileError) in
      let (saved, model) = try Blob.model(file, name: title)
      return .model(saved, model)
    }
  }

  package func groups(_ name: SHA256, isCancelled: () -> Bool) throws -> Blob {
    try blob(name, isCancelled) { file, title throws(FileError) in .groups(try Blob.groups(file, name: title)) }
  }

  package func checkpoint(_ name: SHA256, isCancelled: () -> Bool) throws -> Blob {
    try blob(name, isCancelled) { file, _ throws(FileError) in .checkpoint(file.tensors) }
  }

  /// - Throws: `CancellationError`; ``FileError``
  private func blob(
    _ name: SHA256, _ isCancelled: () -> Bool,
    decode: (SafetensorsFile, _ name: String) throws(FileError) -> Blob
  ) throws -> Blob {
    if let blob = state.withLock({ ($0.recent.all + $0.pinned).first { $0.name == name }?.blob }) {
      return blob
    }
    let title = "the file \(name) of the coordinator"
    guard isFetched, let bytes = try waitForFile(name, isCancelled) else {
      throw FileError.unreadable(path: title, reason: "it is no longer available")
    }
    let file = try bytes.withUnsafeBytes { bytes throws(FileError) in try SafetensorsFile(bytes: bytes, name: title) }
    let blob = try decode(file, title)
    add(blob, name: name)
    return blob
  }

  /// Returns nil if the file is not available.
  private func waitForFile(_ name: SHA256, _ isCancelled: () -> Bool) throws -> [UInt8]? {
    state.withLock { $0.wanted.append(name) }
    while !isCancelled() {
      if let found = state.withLock({ $0.takeFile(name) }) { return found }
      changed.lock()
      _ = changed.wait(until: Date(timeIntervalSinceNow: 0.02))
      changed.unlock()
    }
    state.withLock { state in
      // If the file has arrived meanwhile, this thread's copy is removed; otherwise its request.
      guard state.takeFile(name) == nil, let index = state.wanted.firstIndex(of: name) else { return }
      state.wanted.remove(at: index)
    }
    throw CancellationError()
  }
}
