# Not run here: there is no registry on the machine where this was written.
FROM python:3.11-slim

ENV PYTHONUNBUFFERED=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /app
COPY requirements/run.txt requirements/run.txt
RUN pip install --no-cache-dir --require-hashes -r requirements/run.txt

# Volumes take the owner of the folder that they are mounted on. The release writes static files, so the folder itself is the user's as well.
RUN useradd --uid 10001 --create-home countersign \
    && install -d -o countersign -g countersign /app /app/var /app/staticfiles
COPY --chown=countersign:countersign . .
USER countersign

# Which process it is, the command says (see the Procfile): prepare once per release, then serve and worker.
EXPOSE 8000
CMD ["python", "manage.py", "serve"]
