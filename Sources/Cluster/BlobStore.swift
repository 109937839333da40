internal import Foundation
internal import Models
internal import Synchronization

/// The blobs that this process has, and those that it waits for. The thread that computes asks; another one fetches.
final class BlobStore: Sendable {
  private struct State {
    var images: [(name: SHA256, blob: Blob)] = []
    var blobs: [(name: SHA256, blob: Blob)] = []
    /// Of a sweep that runs here.
    var groups: [(name: SHA256, blob: Blob)] = []
    var files: [(name: SHA256, bytes: [UInt8])] = []
    var wanted: [SHA256] = []
  }

  private let state = Mutex(State())
  private let changed = NSCondition()
  /// Whether somebody fetches what is not here.
  private let isFetched: Bool

  /// Blobs of jobs past that are kept, since the next job may be about the same.
  private static let kept = 4

  init(isFetched: Bool = true) { self.isFetched = isFetched }

  /// The blob is here already, in the form in which it is used.
  func add(_ blob: Blob, name: SHA256) {
    state.withLock { state in
      if case .images = blob {
        state.images = state.images.suffix(Blob.keptImages - 1) + [(name, blob)]
      } else if case .groups = blob, !isFetched {
        state.groups.append((name, blob))
      } else {
        state.blobs = state.blobs.suffix(Self.kept - 1) + [(name, blob)]
      }
    }
  }

  /// Groups of a sweep are no longer needed.
  func remove(_ name: SHA256) { state.withLock { $0.groups.removeAll { $0.name == name } } }

  /// A file has come that was wanted.
  func add(file bytes: [UInt8], name: SHA256) {
    state.withLock { state in
      state.files.append((name, bytes))
      state.wanted.removeAll { $0 == name }
    }
    changed.lock()
    changed.broadcast()
    changed.unlock()
  }

  /// What the computing thread waits for.
  var wanted: [SHA256] { state.withLock { $0.wanted } }

  func images(_ name: SHA256, isCancelled: () -> Bool) throws -> Blob {
    try blob(name, isCancelled) { file, title throws(FileError) in .images(try Blob.images(file, name: title)) }
  }

  func model(_ name: SHA256, isCancelled: () -> Bool) throws -> Blob {
    try blob(name, isCancelled) { file, title throws(FileError) in
      let (saved, model) = try Blob.model(file, name: title)
      return .model(saved, model)
    }
  }

  func groups(_ name: SHA256, isCancelled: () -> Bool) throws -> Blob {
    try blob(name, isCancelled) { file, title throws(FileError) in .groups(try Blob.groups(file, name: title)) }
  }

  func checkpoint(_ name: SHA256, isCancelled: () -> Bool) throws -> Blob {
    try blob(name, isCancelled) { file, _ throws(FileError) in .checkpoint(file.tensors) }
  }

  /// - Throws: `CancellationError`; ``FileError``
  private func blob(
    _ name: SHA256, _ isCancelled: () -> Bool,
    decode: (SafetensorsFile, _ name: String) throws(FileError) -> Blob
  ) throws -> Blob {
    if let blob = state.withLock({ ($0.images + $0.blobs + $0.groups).first { $0.name == name }?.blob }) { return blob }
    let title = "the file \(name) of the coordinator"
    guard isFetched else { throw FileError.unreadable(path: title, reason: "it is not kept any longer") }
    let bytes = try waitForFile(name, isCancelled)
    let file = try bytes.withUnsafeBytes { bytes throws(FileError) in try SafetensorsFile(bytes: bytes, name: title) }
    let blob = try decode(file, title)
    add(blob, name: name)
    return blob
  }

  private func waitForFile(_ name: SHA256, _ isCancelled: () -> Bool) throws -> [UInt8] {
    state.withLock { $0.wanted.append(name) }
    defer { state.withLock { $0.wanted.removeAll { $0 == name } } }
    while !isCancelled() {
      let found = state.withLock { state in
        state.files.firstIndex { $0.name == name }.map { state.files.remove(at: $0).bytes }
      }
      if let found { return found }
      changed.lock()
      _ = changed.wait(until: Date(timeIntervalSinceNow: 0.02))
      changed.unlock()
    }
    throw CancellationError()
  }
}
