import Cluster
import Testing

struct RestartsTests {
  @Test func stopsAfterEightCrashesAtStart() {
    var restarts = Restarts()
    var attempts = 0
    for _ in 0..<20 {
      restarts.noteCrash(afterRunning: 100)
      if restarts.canStart { attempts += 1 }
    }
    #expect(attempts == 8)
    restarts.forgive()
    #expect(restarts.canStart, "the cause of the crashes was found and removed")
  }

  @Test func crashAfterOneMinuteResetsCount() {
    var restarts = Restarts()
    for _ in 0..<20 {
      let lifetimes = Array(repeating: 59_999, count: 7) + [60_000]
      for life in lifetimes {
        restarts.noteCrash(afterRunning: life)
        #expect(restarts.canStart)
      }
    }
  }
}
