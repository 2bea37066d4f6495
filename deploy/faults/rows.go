package main

// A row is one fault, what must come of it, and the tests that try it. A test is
// named as go test -run names it.
type row struct {
	number          int
	fault, expected string
	tests           []string
	without         string // why no test tries it here
}

// rows is the matrix.
var rows = []row{
	{1, "killed before an intent is written", "its chunk waits again, nobody in doubt", []string{"TestKilledAtEachArrow"}, ""},
	{2, "killed after an intent, before the first octet", "its chunk in doubt; held, or sent once more", []string{"TestKilledAtEachArrow"}, ""},
	{3, "killed in the middle of a window, at any moment", "at most two windows in doubt a kill", []string{"TestKilledAtAnyMomentNothingIsLostAndNobodyIsSentTwice", "TestKilledAtAPointInTheMiddle", "TestProcessesKilledAgainAndAgainLoseNobody"}, ""},
	{4, "killed after answers, before they are written", "in doubt until receipts settle it", []string{"TestKilledAtEachArrow"}, ""},
	{5, "killed after an outcome, before the task is done", "nobody is sent again", []string{"TestKilledAtEachArrow"}, ""},
	{6, "a recipient that cannot be worked on, a panic", "that one fails after three attempts, the others go on", []string{"TestARecipientWhoseTextCannotBeWrittenFailsAloneAfterThreeAttempts", "TestAPanicWhileWritingTextsTakesNeitherTheProcessNorOtherCampaigns", "TestAPanicOfAProviderLeavesOnlyItsChunkInDoubt"}, ""},
	{7, "SIGTERM under load", "settled within 30 s, nobody in doubt", []string{"TestSignalsEndARunWithNothingInDoubt", "TestTheEndOfTheProcessLeavesNothingInDoubtWithinThirtySeconds"}, ""},
	{8, "SIGTERM while the carrier hangs", "ends all the same, its window in doubt", []string{"TestASignalWhileTheCarrierHangs", "TestTheEndOfTheProcessDoesNotWaitForACarrierThatHangs"}, ""},
	{9, "a process that was taken for dead comes back", "its words are refused", []string{"TestAProcessTakenForDeadComesBackAndItsWordsCountNoMore", "TestEverythingHoldsOnPostgreSQL"}, ""},
	{10, "two claim one page", "one gets it", []string{"TestOfManyWhoClaimAPageOneGetsIt", "TestOnlyOneClaimOfATaskWins", "TestEverythingHoldsOnPostgreSQL"}, ""},
	{11, "killed for want of memory", "as 3", []string{"TestKilledForWantOfMemory"}, ""},
	{12, "Redis killed and back", "sending goes on", []string{"TestRedisIsDisposable", "TestARealRedisDiesComesBackEmptyAndIsFlushed", "TestARedisOfManyIsLostInTheMiddle", "TestTheQueueGoesOnWhenSentinelsMakeTheReplicaTheMaster"}, ""},
	{13, "Redis never there", "the campaign ends without it", []string{"TestAnEmergencyNeedsNoRedis"}, ""},
	{14, "Redis flushed", "pushed again, nobody sent twice", []string{"TestRedisIsDisposable", "TestAQueueFlushedAgainAndAgainCostsTimeAndNothingElse"}, ""},
	{15, "Redis stopped", "as 12", []string{"TestRedisIsDisposable"}, ""},
	{16, "Redis restored from an old snapshot", "stale tasks do nothing", []string{"TestStaleTasksOfAnOldSnapshotDoNothing", "TestRedisIsDisposable"}, ""},
	{17, "Redis full, or it has forgotten half", "pages are claimed from the ledger", []string{"TestTasksThatRedisHasHalfForgottenAreWorkedOnAllTheSame", "TestRedisIsDisposable"}, ""},
	{18, "PostgreSQL killed and back", "sending stops, then goes on", []string{"TestPostgreSQLKilledAndBackCostsTimeAndNobody", "TestALedgerThatCannotBeReadForAWhileCostsTimeAndNobody"}, ""},
	{19, "a commit whose answer is lost", "read again, never guessed", []string{"TestACommitWhoseAnswerIsLostIsReadAgain"}, ""},
	{20, "PostgreSQL goes back to an older state", "paused and loud, everybody open in doubt", []string{"TestALedgerThatHasGoneBackIsPausedAndInDoubt"}, ""},
	{21, "the ledger's file locked by somebody else", "waits, no failure", []string{"TestTheLedgerIsLockedForAWhile"}, ""},
	{22, "the ledger's disk full", "sending stops at once and says what to do; goes on afterwards", []string{"TestTheLedgersDiskIsFull", "TestAnErrorOfTheDatabaseStopsEverything"}, ""},
	{23, "the disk of reports and talk full", "sending does not care", []string{"TestTheDiskOfReportAndTalkIsFull"}, ""},
	{24, "writes and syncs that fail, a torn page", "sending stops at once; whole afterwards, or refused", []string{"TestADiskThatFailsToSyncStopsEverything", "TestALedgerThatIsDamagedIsFoundOut"}, ""},
	{25, "the power goes", "what anybody was told is on the disk", []string{"TestNothingLeavesBeforeItsIntentIsOnTheDisk"}, ""},
	{26, "the ledger restored from a backup", "paused, everybody open in doubt", []string{"TestABackupOfALedgerAtWorkIsRestoredPausedAndInDoubt"}, ""},
	{27, "the line cut inside a window", "the unanswered in doubt, answers kept", []string{"TestALineCutInTheWindowLeavesTheUnansweredInDoubtAndKeepsTheAnswers", "TestACarrierInTrouble", "TestALineCutAnywhereAroundAnAnswerLeavesOnlyTheUnansweredInDoubt", "TestALineCutLeavesWholeBatchesInDoubtAndOthersUnsent"}, ""},
	{28, "half a PDU, then a cut", "as 27", []string{"TestHalfAPDUThenACutEndsTheLineAndNothingElse", "TestHalfOfOurPDUSentIsInDoubtAndTheUnsentGoOutLater", "TestALineThatIsResetLeavesDoubtAndComesBack", "TestWhatDidNotLeaveIsNotSentAndHalfOfARequestIsInDoubt", "TestALoginCutAnywhereIsTriedAgain"}, ""},
	{29, "no answer to the login", "given up after 10 s, called again", []string{"TestACarrierThatNeverAnswersTheLoginIsGivenUpAfterTenSecondsAndCalledAgain", "TestACarrierThatIsMuteCostsNothingButTime", "TestALoginThatIsNeverAnsweredIsGivenUpAfterTenSecondsAndTriedAgain"}, ""},
	{30, "no answer to submits", "in doubt, the line renewed", []string{"TestAnswersThatNeverComeBecomeDoubtAndTheLineIsRenewed", "TestAnIllCarrierIsLeftToItsFallbackAndCostsAFewInDoubt", "TestACarrierThatNeverAnswersIsLeftToItsFallback", "TestAnswersThatNeverComeLeaveTheWindowInDoubtAndRenewTheLine"}, ""},
	{31, "a peer that is gone without a word", "found within 30 s", []string{"TestAnIdleLineThatSwallowsEverythingIsFoundWithinThirtySeconds", "TestALineThatSwallowsTheWindowLeavesOnlyThatInDoubt", "TestANetworkThatSwallowsEverythingIsFoundOut", "TestAPeerThatIsGoneWithoutAWordIsFoundWithinThirtySeconds", "TestASilentKeepAliveEndsTheLineAndAnAnsweredOneKeepsIt", "TestTheCarriersOwnTestOfTheLineIsAnswered", "TestACarrierThatReadsNothingHoldsNobodyForEver"}, ""},
	{32, "throttled, also for long", "slower, all get through", []string{"TestACarrierThatTakesNothingForALongTimeGetsItAllWhenItIsWell", "TestACarrierInTrouble", "TestAfterARestartThePaceBeginsAtWhatTheCarrierTook", "TestThrottledOnEveryAnswerIsForLaterAndTakenInTheEnd"}, ""},
	{33, "queue full, system error", "tried again", []string{"TestACarrierThatTakesNothingForALongTimeGetsItAllWhenItIsWell", "TestThrottledOnEveryAnswerIsForLaterAndTakenInTheEnd"}, ""},
	{34, "refused for good", "failed with the reason, not tried again", []string{"TestWhatIsRefusedForGoodFailsWithItsReasonAndIsNotTriedAgain", "TestRefusedForGoodIsRefusedWithItsReasonAndTheOthersTaken"}, ""},
	{35, "goodbye by the carrier, logins refused", "nobody hurt; a wrong password is told, not hammered", []string{"TestAGoodbyeByTheCarrierInTheMiddleCostsNobodyAnything", "TestAWrongPasswordIsToldOnceAndNotTriedAgain", "TestALoginRefusedForAWhileIsTriedAgainLessAndLess", "TestAWrongPasswordStopsTheRun", "TestAMendedPasswordNeedsAWordAndNoRestart", "TestAWrongLoginEndsTheRunAndIsNotTriedAgain", "TestALoginRefusedForAWhileIsTriedLessAndLessAndThenHolds", "TestACarrierThatAllowsFewerConnectionsIsUsedByThose", "TestAGoodbyeInTheWindowKeepsTheAnswersBehindItAndSendsNothingMore", "TestAGoodbyeWithoutAnswersLeavesTheWindowInDoubt", "TestTheEndOfRunWaitsForAnswersAndSaysGoodbye", "TestTooManyCallsOfTheGatewayAreRefused"}, ""},
	{36, "an answer after the time-out", "costs the line, the receipt settles it", []string{"TestALateAnswerCostsItsLineAndTheReceiptSettlesTheDoubt", "TestALateAnswerCostsItsLineAndTheReceiptStillComes", "TestAnAnswerAfterItsCallerGaveUpIsNobodys"}, ""},
	{37, "answers to nobody, answers twice", "ignored", []string{"TestAnswersToNobodyAndAnswersTwiceAreIgnored", "TestAnswersToNobodyAndAnswersTwiceChangeNothing", "TestAnswersOutOfOrderFindTheirOwnRequests"}, ""},
	{38, "receipts before their answers", "find their recipients", []string{"TestReceiptsBeforeTheirAnswersFindTheirRecipients", "TestReceiptsBeforeTheirAnswersAreNotForgottenInACrash", "TestReceiptsBeforeTheirAnswersAreKeptUnderTheNameOfTheAnswer"}, ""},
	{39, "receipts five times, contradicting", "change nothing", []string{"TestReceiptsFiveTimesAndOnesThatContradictChangeNothing", "TestReceiptsFiveTimesAndContradictingOnesAreAllKeptAndAcknowledged"}, ""},
	{40, "receipts of strangers, ids in another notation", "kept; found", []string{"TestReceiptsOfStrangersAreKeptAndThoseWithOddIdsFindTheirOwn", "TestReceiptsOfStrangersAreKeptAndAcknowledged"}, ""},
	{41, "a receipt three days late", "taken", []string{"TestAReceiptThreeDaysLateIsTakenAfterTheCampaignIsFinished", "TestAReceiptThreeDaysLateIsKeptAndAcknowledged"}, ""},
	{42, "a flood of receipts", "kept before they are acknowledged, nobody held up", []string{"TestAFloodOfReceiptsHoldsUpNobody", "TestAFloodOfReceiptsHoldsUpNobodyAndEachIsKeptBeforeItIsAcknowledged", "TestReceiptsThatCannotBeKeptAreNotAcknowledgedAndTheLineIsClosed", "TestReceiptsOnTheGatewaysCallAreKeptBeforeTheyAreAcknowledged"}, ""},
	{43, "malformed PDUs", "the line closed, no panic", []string{"TestGarbageFromTheCarrierEndsTheLineOnly", "TestMalformedFramesEndTheLineOnly", "TestALoginAnsweredByGarbageIsTriedAgain", "TestReceiptsThatSayNothingAreAcknowledgedAndNobodyIsHurt", "TestWhatIsNoReceiptIsKeptAsAMessage", "TestTheGatewaysWrongCallsAreCutAndHurtNobody"}, ""},
	{44, "an octet at a time", "not waited for", []string{"TestAnAnswerThatComesOctetByOctetIsNotWaitedForForever", "TestFramesTornAtEveryOctetAreWhole", "TestAnAnswerThatDripsIsNotWaitedForForever"}, ""},
	{45, "the carrier's certificate expired, of another, an old TLS", "not spoken to", []string{"TestACarrierThatIsNotWhoItShouldBeIsNotSpokenTo"}, ""},
	{46, "the carrier moves", "found at its new place", []string{"TestACarrierThatMovesIsFoundAtItsNewPlace", "TestEveryCallAsksAnewWhereTheCarrierIs"}, ""},
	{47, "the wall clock jumps", "rates go on", []string{"TestAClockSetBackOrForwardDoesNotStopTheLine"}, ""},
	{48, "clocks two minutes wrong on two machines", "no page is stolen", []string{"TestClocksThatAreWrongStealNothing"}, ""},
	{49, "cut off the database, the carrier in reach", "stops within six seconds, the others go on", []string{"TestAProcessThatIsCutOffItsDatabaseStopsSending", "TestPostgreSQLThatHangsStopsSending"}, ""},
	{54, "cancelled in the middle", "nothing more after a second", []string{"TestACancelledCampaignStopsWithinASecondAndTheRestIsCancelled", "TestCommandsAreObeyedByEveryProcessWithinASecond"}, ""},
	{55, "paused for two hours", "goes on; who is too late expires", []string{"TestAPausedCampaignGoesOnAfterTwoHours", "TestWhoWaitsThroughAPauseBeyondTheCampaignsTimeExpires"}, ""},
	{56, "an emergency while routine goes out", "its first message within a second", []string{"TestAnEmergencysFirstMessageLeavesWithinASecond", "TestAnEmergencyHasTheWholeRateUntilItIsThrough", "TestBeside900000AnEmergencysFirstLeavesWithinASecondOfItsApprovalAndTheEndMoves"}, ""},
	{57, "all carriers down for an hour", "nobody lost", []string{"TestAllCarriersDownForAnHourLosesNobody", "TestAfterAnOutageItGoesOnInOrderWithinTheRateEmergenciesFirst"}, ""},
	{58, "a tenth of a core", "slower, not taken for dead", []string{"TestAProcessStarvedOfCPUIsNotTakenForDead"}, ""},
	{59, "many campaigns in one process", "goroutines and descriptors as many as before", []string{"TestManyCampaignsLeaveNothingBehind"}, ""},
	{60, "old and new programs side by side", "both send; too old a one is refused", []string{"TestOldAndNewSideBySide"}, ""},
	{0, "all of it at once, from seeds", "the books are right", []string{"TestWhateverHappensTheBooksAreRight", "TestACarrierInAllKindsOfTroubleTakesEverybodyOnceOrLeavesDoubt"}, ""},
}
