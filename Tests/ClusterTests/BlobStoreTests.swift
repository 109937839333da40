import Cluster
import Compute
import Files
import Foundation
import Models
import Synchronization
import Testing

/// Tests that a request for a blob returns the blob, waits until it arrives, or throws the reason.
struct BlobStoreTests {
  private let store = BlobStore()

  private func isHere(_ name: SHA256, in store: BlobStore) -> Bool {
    // An available blob is returned even if the caller would not wait.
    (try? store.checkpoint(name, isCancelled: { true })) != nil
  }

  /// Simulates the thread of a worker that fetches: every wanted blob arrives immediately.
  private func asking<Result>(_ answer: [SHA256: [UInt8]], _ ask: (_ isCancelled: () -> Bool) throws -> Result) rethrows
    -> Result
  {
    try ask {
      for name in store.wanted { if let bytes = answer[name] { store.add(file: bytes, name: name) } }
      return false
    }
  }

  // MARK: Available blobs

  @Test func addedBlobsAreReturned() throws {
    let store = BlobStore(isFetched: false)
    let model = try BlobSamples.model()
    store.add(.images(BlobSamples.images()), name: BlobSamples.name(0))
    store.add(.model(model.saved, model.classifier), name: BlobSamples.name(1))
    store.add(.checkpoint(BlobSamples.checkpoint()), name: BlobSamples.name(2))
    store.add(.groups(BlobSamples.groups), name: BlobSamples.name(3))
    let never = { true }
    if case .images(let images) = try store.images(BlobSamples.name(0), isCancelled: never) {
      #expect(images == BlobSamples.images())
    } else {
      Issue.record("no images")
    }
    if case .model(let saved, let classifier) = try store.model(BlobSamples.name(1), isCancelled: never) {
      #expect(saved == model.saved && classifier.digest == model.classifier.digest)
    } else {
      Issue.record("no model")
    }
    if case .checkpoint(let tensors) = try store.checkpoint(BlobSamples.name(2), isCancelled: never) {
      #expect(tensors == BlobSamples.checkpoint())
    } else {
      Issue.record("no checkpoint")
    }
    if case .groups(let groups) = try store.groups(BlobSamples.name(3), isCancelled: never) {
      #expect(groups == BlobSamples.groups)
    } else {
      Issue.record("no groups")
    }
  }

  @Test func throwsIfAwaitedBlobIsUnavailable() {
    #expect(throws: FileError.self) {
      try store.checkpoint(BlobSamples.name(9)) {
        store.add(file: nil, name: BlobSamples.name(9))
        return false
      }
    }
    #expect(store.wanted.isEmpty)
  }

  @Test func unknownNameIsAnErrorWithoutFetching() {
    let store = BlobStore(isFetched: false)
    store.add(.checkpoint(BlobSamples.checkpoint()), name: BlobSamples.name(0))
    let error = #expect(throws: FileError.self) { try store.checkpoint(BlobSamples.name(1), isCancelled: { false }) }
    #expect(error.map { "\($0)".contains("\(BlobSamples.name(1))") && "\($0)".contains("no longer available") } == true)
    #expect(store.wanted.isEmpty)
  }

  @Test func keepsFourLatestBlobsAndTwoImageSets() {
    for number in 0..<3 { store.add(.images(BlobSamples.images(number)), name: BlobSamples.name(number)) }
    for number in 10..<16 { store.add(.checkpoint(BlobSamples.checkpoint(number)), name: BlobSamples.name(number)) }
    let kept = ((0..<3).map { $0 } + (10..<16)).filter { isHere(BlobSamples.name($0), in: store) }
    #expect(kept == [1, 2, 12, 13, 14, 15])
  }

  @Test func blobAddedAgainReplacesNoOther() {
    for number in 0..<4 { store.add(.checkpoint(BlobSamples.checkpoint(number)), name: BlobSamples.name(number)) }
    for _ in 0..<9 { store.add(.checkpoint(BlobSamples.checkpoint(0)), name: BlobSamples.name(0)) }
    #expect((0..<4).allSatisfy { isHere(BlobSamples.name($0), in: store) })
    store.add(.checkpoint(BlobSamples.checkpoint(4)), name: BlobSamples.name(4))
    #expect((0..<5).filter { isHere(BlobSamples.name($0), in: store) } == [0, 2, 3, 4], "the oldest is removed")
  }

  // MARK: Fetched blobs

  @Test func fetchedBlobsAreDecodedAndKept() throws {
    let images = BlobSamples.bytes(of: BlobSamples.images())
    let model = try BlobSamples.model().saved
    let checkpoint = BlobSamples.bytes(of: BlobSamples.checkpoint())
    let files = [images, model.file.bytes, checkpoint, BlobSamples.groupsBytes]
    let names = files.map { BlobSamples.name(of: $0) }
    let answer = Dictionary(uniqueKeysWithValues: zip(names, files))
    // A second request does not wait.
    for isCancelled in [false, true] {
      func ask(_ get: (() -> Bool) throws -> Blob) throws -> Blob {
        isCancelled ? try get { true } : try asking(answer, get)
      }
      if case .images(let found) = try ask({ try store.images(names[0], isCancelled: $0) }) {
        #expect(found == BlobSamples.images())
      }
      if case .model(let found, _) = try ask({ try store.model(names[1], isCancelled: $0) }) { #expect(found == model) }
      if case .checkpoint(let found) = try ask({ try store.checkpoint(names[2], isCancelled: $0) }) {
        #expect(found == BlobSamples.checkpoint())
      }
      if case .groups(let found) = try ask({ try store.groups(names[3], isCancelled: $0) }) {
        #expect(found == BlobSamples.groups)
      }
      #expect(store.wanted.isEmpty)
    }
  }

  @Test func cancelledRequestStopsWaiting() {
    var asked = 0
    #expect(throws: CancellationError.self) {
      try store.checkpoint(BlobSamples.name(0)) {
        #expect(store.wanted == [BlobSamples.name(0)])
        asked += 1
        return asked == 3
      }
    }
    #expect(asked == 3 && store.wanted.isEmpty)
  }

  /// Bytes that arrive late would otherwise be kept forever.
  @Test func dropsBlobsWithoutWaitingThread() {
    let bytes = BlobSamples.bytes(of: BlobSamples.checkpoint())
    let name = BlobSamples.name(of: bytes)
    store.add(file: bytes, name: name)
    var asked = 0
    #expect(throws: CancellationError.self) {
      try store.checkpoint(name) {
        asked += 1
        return asked == 3
      }
    }
    // The blob arrives just when the request is cancelled.
    #expect(throws: CancellationError.self) {
      try store.checkpoint(name) {
        store.add(file: bytes, name: name)
        return true
      }
    }
    #expect(!isHere(name, in: store) && store.wanted.isEmpty)
  }

  // MARK: Damage

  @Test func truncatedFileIsAnErrorAndCanBeFetchedAgain() throws {
    let whole = BlobSamples.bytes(of: BlobSamples.images())
    let name = BlobSamples.name(of: whole)
    for count in 0..<whole.count {
      let error = #expect(throws: FileError.self) {
        try asking([name: Array(whole[..<count])]) { try store.images(name, isCancelled: $0) }
      }
      guard case .damaged(let path, _) = error else {
        Issue.record("\(count) bytes: \(String(describing: error))")
        continue
      }
      #expect(path.contains("\(name)") && store.wanted.isEmpty)
    }
    #expect(throws: Never.self) { try asking([name: whole]) { try store.images(name, isCancelled: $0) } }
  }

  @Test func blobOfAnotherKindIsAnError() throws {
    let files = [
      BlobSamples.bytes(of: BlobSamples.images()), BlobSamples.bytes(of: BlobSamples.checkpoint()),
      BlobSamples.groupsBytes, try BlobSamples.model().saved.file.bytes,
    ]
    for (index, bytes) in files.enumerated() {
      let name = BlobSamples.name(of: bytes)
      // A checkpoint may hold any tensors.
      for asked in [0, 2, 3] where asked != index {
        let error = #expect(throws: FileError.self) {
          try asking([name: bytes]) { isCancelled in
            switch asked {
            case 0: try store.images(name, isCancelled: isCancelled)
            case 2: try store.groups(name, isCancelled: isCancelled)
            default: try store.model(name, isCancelled: isCancelled)
            }
          }
        }
        if case .damaged? = error { continue }
        Issue.record("\(index) asked for as \(asked): \(String(describing: error))")
      }
    }
  }

  // MARK: Concurrency

  /// Several threads request files in different orders; one thread delivers each file to all waiting threads.
  @Test func concurrentRequestsAreAnswered() throws {
    let store = store
    let files = (0..<12).map { BlobSamples.bytes(of: BlobSamples.checkpoint($0)) }
    let names = files.map { BlobSamples.name(of: $0) }
    let readers = 6
    let (right, left) = (Counter(0), Counter(readers))
    for reader in 0..<readers {
      Thread {
        for step in 0..<files.count {
          let number = (step * 5 + reader % 3) % files.count
          if case .checkpoint(let tensors)? = try? store.checkpoint(names[number], isCancelled: { false }),
            tensors == BlobSamples.checkpoint(number)
          {
            right.add(1)
          }
        }
        left.add(-1)
      }.start()
    }
    while left.value > 0 {
      for name in Set(store.wanted) { store.add(file: files[names.firstIndex(of: name)!], name: name) }
      usleep(100)
    }
    #expect(right.value == readers * files.count && store.wanted.isEmpty)
  }

  @Test func cancelledRequestDoesNotAffectOthers() throws {
    let store = store
    let bytes = BlobSamples.bytes(of: BlobSamples.checkpoint())
    let name = BlobSamples.name(of: bytes)
    let found = Mutex<Bool?>(nil)
    Thread {
      let blob = try? store.checkpoint(name, isCancelled: { false })
      found.withLock { $0 = blob != nil }
    }.start()
    while store.wanted.isEmpty { usleep(100) }
    #expect(throws: CancellationError.self) { try store.checkpoint(name, isCancelled: { store.wanted.count == 2 }) }
    #expect(store.wanted == [name])
    store.add(file: bytes, name: name)
    while found.withLock({ $0 == nil }) { usleep(100) }
    #expect(found.withLock { $0 } == true)
  }
}
