internal import Foundation
internal import Synchronization

/// The partial files that this process is writing, so that a signal handler can remove them before it ends the process.
package enum PartialFileRegistry {
  /// More files are never written at the same time; a file beyond them is removed by the next writer in its folder.
  private static let capacity = 32

  /// The addresses of the paths, which are C strings; 0 is a free place.
  private nonisolated(unsafe) static let places: UnsafeMutablePointer<Atomic<UInt>> = {
    let places = UnsafeMutablePointer<Atomic<UInt>>.allocate(capacity: capacity)
    for place in 0..<capacity { (places + place).initialize(to: Atomic(0)) }
    return places
  }()

  /// Allocates the registry, which ``removeFiles()`` must not do. Call it before a signal handler is installed.
  package static func prepare() { _ = places }

  /// Removes the registered files. Only calls what a signal handler may call.
  package static func removeFiles() {
    for place in 0..<capacity {
      let address = places[place].exchange(0, ordering: .acquiringAndReleasing)
      if let path = UnsafePointer<CChar>(bitPattern: address) { unlink(path) }
    }
  }

  /// Registers a file.
  /// - Returns: the file's number for ``remove(_:)``; 0 if no place is free
  static func add(_ path: String) -> UInt {
    let copy = strdup(path)
    let address = UInt(bitPattern: copy)
    for place in 0..<capacity {
      if places[place].compareExchange(expected: 0, desired: address, ordering: .acquiringAndReleasing).exchanged {
        return address
      }
    }
    free(copy)
    return 0
  }

  /// Removes a file from the registry.
  static func remove(_ address: UInt) {
    guard address != 0 else { return }
    for place in 0..<capacity {
      if places[place].compareExchange(expected: address, desired: 0, ordering: .acquiringAndReleasing).exchanged {
        return free(UnsafeMutableRawPointer(bitPattern: address))
      }
    }
  }
}
