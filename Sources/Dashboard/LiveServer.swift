internal import Compute
internal import DequeModule
internal import Foundation
internal import Synchronization

/// An HTTP server for a ``LivePage``, on its own threads, which are idle most of the time.
///
/// It is read-only and answers one request per connection. ``ClientLimits`` bounds the resources of clients.
package final class LiveServer: Sendable {
  /// Timeout for the last changes to reach the clients.
  private static let secondsToSayGoodbye = 2.0

  private struct Clients {
    var connections: Set<Int32> = []
    var streams = 0
    var isStopping = false
  }

  let page: LivePage
  let gate: Gate
  private let socket: ListeningSocket
  private let clients = Mutex(Clients())
  private let limits: ClientLimits
  let reportHealth: @Sendable () -> Health
  private let threads = DispatchGroup()

  /// The address of the server, with the port that the system chose if port 0 was requested.
  package var address: LiveAddress { socket.address }

  /// The URL for browsers, including the token, if there is one.
  package var url: String { gate.pageAddress + (gate.token.map { "?token=\($0.text)" } ?? "") }

  /// Starts a server, which listens until ``stop()``.
  /// - Parameter health: called for each health check, on any thread
  /// - Throws: ``DashboardError`` if the address is not available, or if other hosts can reach it and there is no
  ///   token.
  package static func start(
    _ page: LivePage, at address: LiveAddress, token: AccessToken? = nil, limits: ClientLimits = ClientLimits(),
    health: @escaping @Sendable () -> Health = { Health() }
  ) throws(DashboardError) -> LiveServer {
    guard token != nil || address.isLoopback else {
      throw DashboardError("a live page at \(address) is visible to other hosts and requires a token")
    }
    let server = LiveServer(page, try ListeningSocket(at: address), token, limits, health)
    do { try server.onThread { server.takeConnections() } } catch {
      throw DashboardError("cannot start the live page: \(error)")
    }
    return server
  }

  private init(
    _ page: LivePage, _ socket: ListeningSocket, _ token: AccessToken?, _ limits: ClientLimits,
    _ health: @escaping @Sendable () -> Health
  ) {
    (self.page, self.socket, self.limits, reportHealth) = (page, socket, limits, health)
    gate = Gate(address: socket.address, token: token, machine: Self.machine)
  }

  private static var machine: String? {
    var name = [CChar](repeating: 0, count: 256)
    guard gethostname(&name, name.count - 1) == 0, name[0] != 0 else { return nil }
    return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// Sends the last changes to all clients and closes all connections. Takes up to four seconds if clients are slow.
  package func stop() {
    let isFirst = clients.withLock { clients in
      defer { clients.isStopping = true }
      guard !clients.isStopping else { return false }
      shutdown(socket.descriptor, Int32(SHUT_RDWR))
      for client in clients.connections { shutdown(client, Int32(SHUT_RD)) }
      return true
    }
    guard isFirst, threads.wait(timeout: .now() + Self.secondsToSayGoodbye) == .timedOut else { return }
    clients.withLock { for client in $0.connections { shutdown(client, Int32(SHUT_RDWR)) } }
    _ = threads.wait(timeout: .now() + Self.secondsToSayGoodbye)
  }

  var isStopping: Bool { clients.withLock { $0.isStopping } }

  /// Runs `body` on a new thread, for which ``stop()`` waits.
  /// - Throws: ``ResourceLimitError`` if the system cannot create a thread
  private func onThread(_ body: @escaping @Sendable () -> Void) throws(ResourceLimitError) {
    threads.enter()
    do {
      try SystemThread.start("live page") {
        body()
        self.threads.leave()
      }
    } catch {
      threads.leave()
      throw error
    }
  }

  private func takeConnections() {
    var room = WaitingRoom(limits)
    /// Requests that wait for a thread.
    var queue: Deque<(client: Int32, request: Request)> = []
    serving: while true {
      let (arrivals, hasNew) = room.wait(for: socket.descriptor, milliseconds: queue.isEmpty ? 500 : 20)
      for (client, arrival) in arrivals {
        switch quickAnswer(to: arrival) {
        case .response(let response): room.answer(client, response)
        case .queue(let request): queue.append((client, request))
        }
      }
      while let next = queue.first, serve(next.client, next.request) { queue.removeFirst() }
      while hasNew {
        switch socket.take() {
        case .client(let client):
          room.add(client)
          continue
        case .none: break
        case .exhausted: if !room.sendAwayOldest() { usleep(10_000) }
        case .closed: break serving
        }
        break
      }
      if isStopping { break }
    }
    room.sendAwayAll()
    for (client, _) in queue { close(client) }
    close(socket.descriptor)
  }

  /// Answers a request on its own thread.
  /// - Returns: false if the maximum number of threads is running
  private func serve(_ client: Int32, _ request: Request) -> Bool {
    let isTaken = clients.withLock { clients in
      guard clients.connections.count < limits.connections else { return false }
      return clients.connections.insert(client).inserted
    }
    guard isTaken else { return false }
    do {
      try onThread {
        self.serve(request, on: Connection(client, self.limits))
        // Under the lock, so that `stop()` never shuts down a descriptor that was reused for another file.
        self.clients.withLock {
          $0.connections.remove(client)
          close(client)
        }
      }
    } catch {
      clients.withLock { _ = $0.connections.remove(client) }
      return false
    }
    return true
  }

  /// Runs `body` unless the maximum number of streams is open.
  /// - Returns: whether it ran
  func withStream(_ body: () -> Void) -> Bool {
    let isFree = clients.withLock { clients in
      guard clients.streams < limits.streams else { return false }
      clients.streams += 1
      return true
    }
    guard isFree else { return false }
    body()
    clients.withLock { $0.streams -= 1 }
    return true
  }
}
