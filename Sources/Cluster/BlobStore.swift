internal import Foundation
internal import Models
internal import Synchronization

/// The blobs that this process has, and those that it waits for. Those who compute ask, from any thread; another one fetches.
package final class BlobStore: Sendable {
  private struct State {
    var images: [(name: SHA256, blob: Blob)] = []
    var blobs: [(name: SHA256, blob: Blob)] = []
    /// Each until it is removed.
    var pinned: [(name: SHA256, blob: Blob)] = []
    /// What has come, once for each that waits for it; no bytes: it will not come.
    var files: [(name: SHA256, bytes: [UInt8]?)] = []
    /// Once for each that waits.
    var wanted: [SHA256] = []
    /// Of files that are images: worth keeping for other jobs.
    var imageNames: Set<SHA256> = []

    /// nil: nothing is known yet.
    mutating func takeFile(_ name: SHA256) -> [UInt8]?? {
      files.firstIndex { $0.name == name }.map { files.remove(at: $0).bytes }
    }
  }

  private let state = Mutex(State())
  private let changed = NSCondition()
  /// Whether somebody fetches what is not here.
  private let isFetched: Bool

  /// Blobs of jobs past that are kept, since the next job may be about the same.
  private static let kept = 4

  /// - Parameter isFetched: false where a blob that is not here will never be
  package init(isFetched: Bool = true) { self.isFetched = isFetched }

  /// The blob is here already, in the form in which it is used.
  /// - Parameter isPinned: until it is removed
  package func add(_ blob: Blob, name: SHA256, isPinned: Bool = false) {
    state.withLock { state in
      if isPinned {
        state.pinned = state.pinned.filter { $0.name != name } + [(name, blob)]
      } else if case .images = blob {
        state.images = state.images.filter { $0.name != name }.suffix(Blob.keptImages - 1) + [(name, blob)]
      } else {
        state.blobs = state.blobs.filter { $0.name != name }.suffix(Self.kept - 1) + [(name, blob)]
      }
    }
  }

  func remove(_ name: SHA256) { state.withLock { $0.pinned.removeAll { $0.name == name } } }

  /// A file has come. It is dropped if nobody wants it any longer: who waited may have been told to stop.
  /// - Parameter bytes: nil: it will not come, because the coordinator has it no longer
  package func add(file bytes: [UInt8]?, name: SHA256) {
    state.withLock { state in
      state.files += state.wanted.filter { $0 == name }.map { ($0, bytes) }
      state.wanted.removeAll { $0 == name }
    }
    changed.lock()
    changed.broadcast()
    changed.unlock()
  }

  /// Whether somebody has asked for the file as images.
  package func areImages(_ name: SHA256) -> Bool { state.withLock { $0.imageNames.contains(name) } }

  /// What somebody waits for.
  package var wanted: [SHA256] { state.withLock { $0.wanted } }

  /// Each of these waits until the blob is here.
  /// - Throws: `CancellationError`; ``FileError`` if what has come is no such blob, or nothing will come
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
    if let blob = state.withLock({ ($0.images + $0.blobs + $0.pinned).first { $0.name == name }?.blob }) {
      return blob
    }
    let title = "the file \(name) of the coordinator"
    guard isFetched, let bytes = try waitForFile(name, isCancelled) else {
      throw FileError.unreadable(path: title, reason: "it is not kept any longer")
    }
    let file = try bytes.withUnsafeBytes { bytes throws(FileError) in try SafetensorsFile(bytes: bytes, name: title) }
    let blob = try decode(file, title)
    add(blob, name: name)
    return blob
  }

  /// nil if it will not come.
  private func waitForFile(_ name: SHA256, _ isCancelled: () -> Bool) throws -> [UInt8]? {
    state.withLock { $0.wanted.append(name) }
    while !isCancelled() {
      if let found = state.withLock({ $0.takeFile(name) }) { return found }
      changed.lock()
      _ = changed.wait(until: Date(timeIntervalSinceNow: 0.02))
      changed.unlock()
    }
    state.withLock { state in
      // It may have come just now. If not, one waits less: others may still want the same.
      guard state.takeFile(name) == nil, let index = state.wanted.firstIndex(of: name) else { return }
      state.wanted.remove(at: index)
    }
    throw CancellationError()
  }
}
