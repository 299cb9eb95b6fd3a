package io.procrastinate.worker;

import io.procrastinate.fixture.Site;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** A test on a site of its own. */
abstract class SiteTest {

    record Numbered(int n) {}

    Site site;

    @BeforeEach
    void openSite() {
        site = new Site();
    }

    @AfterEach
    void closeSite() {
        site.close();
    }

    /** Defers jobs of a task that this app need not have. */
    long defer(String task) {
        return site.app.externalTask(task).defer(Map.of());
    }
}
