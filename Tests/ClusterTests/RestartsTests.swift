import Cluster
import Testing

struct RestartsTests {
  @Test func whoDiesOfItsStartIsGivenUp() {
    var restarts = Restarts()
    var attempts = 0
    for _ in 0..<20 {
      restarts.noteCrash(afterRunning: 100)
      if restarts.mayStart { attempts += 1 }
    }
    #expect(attempts == 8)
    restarts.forgive()
    #expect(restarts.mayStart, "what it died of is known, and done away with")
  }

  @Test func whoHasLivedForAMinuteBeginsAnew() {
    var restarts = Restarts()
    for _ in 0..<20 {
      let lives = Array(repeating: 59_999, count: 7) + [60_000]
      for life in lives {
        restarts.noteCrash(afterRunning: life)
        #expect(restarts.mayStart)
      }
    }
  }
}
