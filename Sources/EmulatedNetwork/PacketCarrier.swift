internal import CLinux
internal import Compute
internal import Foundation
internal import Synchronization

/// A thread that carries packets from the devices that they come out of to those that they are for, and holds each as long as a link of the
/// given rate and delay would. Packets of one host stay in their order.
final class PacketCarrier: Sendable {
  private let isEnding = Atomic(false)
  private let ended = DispatchSemaphore(value: 0)
  /// A bit for each host.
  private let cut = Atomic<UInt64>(0)
  private let carried = Atomic(0)
  private let lost = Atomic(0)
  private let processorNanoseconds = Atomic<UInt64>(0)

  /// - Parameter descriptors: of the devices of host 0, 1 and so on, not blocking; open until ``end()`` has returned.
  /// - Throws: ``EmulationError/unavailable(_:)`` if the system gives no thread
  init(descriptors: [Int32], link: EmulatedNetwork.Link) throws(EmulationError) {
    let run: @Sendable () -> Void = { [self] in
      var lines = descriptors.indices.map { Line(descriptors[$0], link, seed: link.seed &+ UInt64($0)) }
      // A cable does not wait for a processor. Where that is not allowed, it does, and packets may be later.
      var priority = sched_param()
      priority.sched_priority = 1
      pthread_setschedparam(pthread_self(), SCHED_FIFO, &priority)
      while !isEnding.load(ordering: .relaxed) { carry(&lines) }
      for line in lines { line.free() }
      ended.signal()
    }
    do { try SystemThread.start("atelier-carrier", run) } catch { throw .unavailable("\(error)") }
  }

  func end() {
    isEnding.store(true, ordering: .relaxed)
    ended.wait()
  }

  func setCut(_ isCut: Bool, _ host: Int) {
    if isCut {
      cut.bitwiseOr(1 << UInt64(host), ordering: .relaxed)
    } else {
      cut.bitwiseAnd(~(1 << UInt64(host)), ordering: .relaxed)
    }
  }

  var statistics: (carried: Int, lost: Int, processorSeconds: Double) {
    (
      carried.load(ordering: .relaxed), lost.load(ordering: .relaxed),
      Double(processorNanoseconds.load(ordering: .relaxed)) / 1e9
    )
  }

  /// Nanoseconds after which the thread looks whether it shall end.
  private static let longestSleep: UInt64 = 20_000_000

  /// Takes what has been sent, gives what is due, and sleeps until there is more of either.
  private func carry(_ lines: inout [Line]) {
    let cut = cut.load(ordering: .relaxed)
    func isCut(_ host: Int) -> Bool { cut >> UInt64(host) & 1 == 1 }
    var next = UInt64.max
    for source in lines.indices {
      lost.add(lines[source].take(at: nanoseconds(CLOCK_MONOTONIC)), ordering: .relaxed)
      while let packet = lines[source].first, packet.due <= nanoseconds(CLOCK_MONOTONIC) {
        if let target = packet.target(among: lines.count) {
          if isCut(source) || isCut(target) {
            lost.add(1, ordering: .relaxed)
          } else {
            write(lines[target].descriptor, packet.bytes, packet.count)
            carried.add(1, ordering: .relaxed)
          }
        }
        lines[source].dropFirst()
      }
      next = min(next, lines[source].first?.due ?? .max)
    }
    processorNanoseconds.store(nanoseconds(CLOCK_THREAD_CPUTIME_ID), ordering: .relaxed)
    let now = nanoseconds(CLOCK_MONOTONIC)
    let sleep = next > now ? min(next - now, Self.longestSleep) : 0
    var time = timespec(tv_sec: 0, tv_nsec: Int(sleep))
    // Who has sent more than can be held is not asked for more until some of it is gone.
    var files = lines.map { pollfd(fd: $0.isFull ? -1 : $0.descriptor, events: Int16(POLLIN), revents: 0) }
    ppoll(&files, nfds_t(files.count), &time, nil)
  }
}

private func nanoseconds(_ clock: clockid_t) -> UInt64 {
  var time = timespec()
  clock_gettime(clock, &time)
  return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

/// A packet on its way, behind its `virtio_net_hdr` (linux/virtio_net.h) of 10 bytes.
private struct HeldPacket {
  static let headerBytes = 10
  /// The largest IP packet.
  static let capacity = headerBytes + 65_535

  let bytes: UnsafeMutableRawPointer
  var count = 0
  /// When it arrives.
  var due: UInt64 = 0

  private func byte(_ index: Int) -> Int { Int(bytes.load(fromByteOffset: index, as: UInt8.self)) }

  private var isIPv4: Bool { count >= Self.headerBytes + 20 && byte(Self.headerBytes) >> 4 == 4 }

  /// The host that an IPv4 packet is for.
  func target(among hosts: Int) -> Int? {
    guard isIPv4 else { return nil }
    let host = byte(Self.headerBytes + 19) - 1
    return (0..<hosts).contains(host) ? host : nil
  }

  /// Ethernet's preamble, header, checksum and gap.
  private static let frameBytes = 38

  /// Bytes on an Ethernet. The kernel leaves it to the device to cut a large piece into segments, each with headers of its own.
  var wireBytes: Int {
    let packet = count - Self.headerBytes
    let segmentBytes = Int(bytes.loadUnaligned(fromByteOffset: 4, as: UInt16.self))  // gso_size
    guard byte(1) != 0, segmentBytes > 0, isIPv4 else { return packet + Self.frameBytes }
    let ip = (byte(Self.headerBytes) & 15) * 4
    let headers = ip + (byte(Self.headerBytes + ip + 12) >> 4) * 4
    let segments = max(1, (packet - headers + segmentBytes - 1) / segmentBytes)
    return packet + (segments - 1) * headers + segments * Self.frameBytes
  }
}

/// What one host has sent and nobody has received: a ring, in the order of arrival.
private struct Line {
  let descriptor: Int32
  private let bytesPerNanosecond: Double
  private let delay: UInt64
  private let loss: Double
  private var random: UInt64
  private var ring: [HeldPacket] = []
  private var head = 0
  private var count = 0
  /// When the last packet taken has wholly left the host.
  private var left: UInt64 = 0

  /// As many as netem holds if it is not told otherwise.
  private static let capacity = 1_000

  init(_ descriptor: Int32, _ link: EmulatedNetwork.Link, seed: UInt64) {
    (self.descriptor, loss, random) = (descriptor, link.loss, seed)
    bytesPerNanosecond = link.bitsPerSecond / 8e9
    delay = UInt64(link.delay / .nanoseconds(1))
  }

  func free() { for packet in ring { packet.bytes.deallocate() } }

  var isFull: Bool { count == Self.capacity }

  var first: HeldPacket? { count > 0 ? ring[head] : nil }

  mutating func dropFirst() {
    (head, count) = ((head + 1) % Self.capacity, count - 1)
    // The same few packets' memory is used as long as the line is short.
    if count == 0 { head = 0 }
  }

  /// Takes what the host has sent, as far as there is room.
  /// - Returns: how many packets were lost
  mutating func take(at now: UInt64) -> Int {
    var lost = 0
    while !isFull {
      let place = (head + count) % Self.capacity
      if place == ring.count {
        ring.append(HeldPacket(bytes: .allocate(byteCount: HeldPacket.capacity, alignment: 16)))
      }
      ring[place].count = read(descriptor, ring[place].bytes, HeldPacket.capacity)
      guard ring[place].count > 0 else { break }
      left = max(now, left) + UInt64(Double(ring[place].wireBytes) / bytesPerNanosecond)
      if draw() < loss {
        lost += 1
      } else {
        ring[place].due = left + delay
        count += 1
      }
    }
    return lost
  }

  /// From 0 to 1 (SplitMix64: Steele, Lea and Flood, 2014).
  private mutating func draw() -> Double {
    random &+= 0x9E37_79B9_7F4A_7C15
    var bits = random
    bits = (bits ^ bits >> 30) &* 0xBF58_476D_1CE4_E5B9
    bits = (bits ^ bits >> 27) &* 0x94D0_49BB_1331_11EB
    return Double((bits ^ bits >> 31) >> 11) * 0x1p-53
  }
}
