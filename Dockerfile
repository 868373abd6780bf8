# The grader with everything that it needs: docker build -t grader . && docker run --rm -v "$PWD/in:/in:ro" -v "$PWD/out:/out" grader grade /in/work.zip --out /out
# As root (the default) submissions run as users of their own, with Landlock where namespaces are forbidden; as another user
# (--user 1000:1000) bubblewrap needs namespaces: --security-opt seccomp=unconfined, and on Ubuntu what docs/ci.md says of AppArmor.
FROM python:3.12-slim-bookworm
RUN apt-get update -qq \
    && apt-get install -y -qq --no-install-recommends bubblewrap libseccomp2 make \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /grader
COPY pyproject.toml constraints.txt package.json package-lock.json Makefile README.md LICENSE ./
COPY scripts scripts
COPY autograder autograder
RUN TORCH_INDEX=https://download.pytorch.org/whl/cpu make setup && rm -rf /root/.cache
COPY reference reference
COPY tests tests
COPY student_template student_template
COPY rubric.yaml ./
ENV PATH=/grader/.venv/bin:$PATH
ENTRYPOINT ["autograder"]
CMD ["--help"]
